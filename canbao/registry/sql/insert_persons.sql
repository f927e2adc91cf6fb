-- New persons. The caller has matched the batch; a person who appeared meanwhile raises a unique violation and the
-- batch is run again.
-- Writes registry_person: one row per row in, in key order. Relies on its primary key.
INSERT INTO registry_person (
    region_code, id, id_digest, name_digest, sealed, sealed_key, id_doc_type, born_on, sex, family_id, died_on,
    last_insured_year, elsewhere, content_digest, import_id, recorded_at)
SELECT %(region_code)s, person.id, person.id_digest, person.name_digest, person.sealed, %(sealed_key)s,
       person.id_doc_type, person.born_on, person.sex, person.family_id, person.died_on, person.last_insured_year,
       false, person.content_digest, %(import_id)s, %(now)s
FROM unnest(
         %(ids)b::uuid[], %(id_digests)b::bytea[], %(name_digests)b::bytea[], %(sealed)b::bytea[],
         %(id_doc_types)b::text[], %(born_on)b::date[], %(sexes)b::text[], %(family_ids)b::uuid[],
         %(died_on)b::date[], %(last_insured_years)b::smallint[], %(content_digests)b::bytea[])
     AS person (id, id_digest, name_digest, sealed, id_doc_type, born_on, sex, family_id, died_on, last_insured_year,
                content_digest)
ORDER BY person.id
