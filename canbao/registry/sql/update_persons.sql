-- Changed persons, whose rows the caller has locked and copied into the history.
-- Writes registry_person: one row per row in. Relies on its primary key.
UPDATE registry_person
SET name_digest = changed.name_digest,
    sealed = changed.sealed,
    sealed_key = %(sealed_key)s,
    id_doc_type = changed.id_doc_type,
    born_on = changed.born_on,
    sex = changed.sex,
    family_id = changed.family_id,
    died_on = changed.died_on,
    last_insured_year = changed.last_insured_year,
    content_digest = changed.content_digest,
    import_id = %(import_id)s,
    recorded_at = %(now)s
FROM unnest(
         %(ids)s::uuid[], %(name_digests)s::bytea[], %(sealed)s::bytea[], %(id_doc_types)s::text[],
         %(born_on)s::date[], %(sexes)s::text[], %(family_ids)s::uuid[], %(died_on)s::date[],
         %(last_insured_years)s::smallint[], %(content_digests)s::bytea[])
     AS changed (id, name_digest, sealed, id_doc_type, born_on, sex, family_id, died_on, last_insured_year,
                 content_digest)
WHERE registry_person.region_code = %(region_code)s AND registry_person.id = changed.id
