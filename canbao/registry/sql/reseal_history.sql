-- Former rows of persons under the current key, their content unchanged.
-- Writes registry_person_history: one row per row in. Relies on its primary key.
UPDATE registry_person_history
SET sealed = renewed.sealed,
    sealed_key = %(current_key)s
FROM unnest(%(ids)b::uuid[], %(sealed)b::bytea[]) AS renewed (id, sealed)
WHERE registry_person_history.region_code = %(region_code)s AND registry_person_history.id = renewed.id
