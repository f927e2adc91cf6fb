-- Persons under the current key, their content unchanged.
-- Writes registry_person: one row per row in. Relies on its primary key.
UPDATE registry_person
SET sealed = renewed.sealed,
    sealed_key = %(current_key)s
FROM unnest(%(ids)b::uuid[], %(sealed)b::bytea[]) AS renewed (id, sealed)
WHERE registry_person.region_code = %(region_code)s AND registry_person.id = renewed.id
