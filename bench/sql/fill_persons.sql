-- Persons of a register, set-wise: a benchmark that begins after the import needs the rows, not their sealing.
-- Writes registry_person: so many rows. Ids are scattered as derived ids are; a sealed document has its usual length.
INSERT INTO registry_person (
    region_code, id, id_digest, name_digest, sealed, sealed_key, id_doc_type, born_on, sex, family_id, died_on,
    last_insured_year, elsewhere, content_digest, import_id, recorded_at
)
SELECT
    %(region_code)s,
    md5('person ' || place)::uuid,
    sha256(('number ' || place)::bytea),
    sha256(('name ' || place)::bytea),
    sha256(('one ' || place)::bytea) || sha256(('two ' || place)::bytea) || sha256(('three ' || place)::bytea),
    1,
    'resident_id_card',
    DATE '2024-11-01' - (place::bigint * 7919 %% %(oldest_days)s)::integer,
    CASE place %% 2 WHEN 0 THEN 'female' ELSE 'male' END,
    NULL,
    NULL,
    2024,
    FALSE,
    sha256(('content ' || place)::bytea),
    md5('import')::uuid,
    %(now)s
FROM generate_series(1, %(persons)s) AS place
