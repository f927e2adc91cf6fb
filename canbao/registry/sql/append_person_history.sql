-- What the rows of changed persons said until now; the sealed document is sealed anew for the history row.
-- Writes registry_person_history, reads registry_person: one row per row in. Relies on registry_person's primary key.
INSERT INTO registry_person_history (
    region_code, id, person_id, name_digest, sealed, sealed_key, id_doc_type, born_on, sex, family_id, died_on,
    last_insured_year, identities, content_digest, import_id, recorded_at, replaced_at)
SELECT %(region_code)s, former.id, person.id, person.name_digest, former.sealed, %(sealed_key)s, person.id_doc_type,
       person.born_on, person.sex, person.family_id, person.died_on, person.last_insured_year, former.identities,
       person.content_digest, person.import_id, person.recorded_at, %(now)s
FROM unnest(%(ids)b::uuid[], %(person_ids)b::uuid[], %(sealed)b::bytea[], %(identities)b::text[])
     AS former (id, person_id, sealed, identities)
JOIN registry_person AS person ON person.region_code = %(region_code)s AND person.id = former.person_id
