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
         %(ids)b::uuid[], %(name_digests)b::bytea[], %(sealed)b::bytea[], %(id_doc_types)b::text[],
         %(born_on)b::date[], %(sexes)b::text[], %(family_ids)b::uuid[], %(died_on)b::date[],
         %(last_insured_years)b::smallint[], %(content_digests)b::bytea[])
     AS changed (id, name_digest, sealed, id_doc_type, born_on, sex, family_id, died_on, last_insured_year,
                 content_digest)
WHERE registry_person.region_code = %(region_code)s AND registry_person.id = changed.id
