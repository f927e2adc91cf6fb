-- Every so many persons hold a special identity, most of them minimum living allowance, some in destitution.
-- Reads registry_person. Writes registry_identity.
INSERT INTO registry_identity (
    region_code, id, person_id, identity_code, from_on, until_on, import_id, recorded_at
)
SELECT
    %(region_code)s,
    uuidv7(),
    numbered.id,
    CASE WHEN numbered.place %% 5 = 0 THEN 'destitute' ELSE 'minimum_living' END,
    DATE '2024-06-01',
    NULL,
    md5('import')::uuid,
    %(now)s
FROM (
    SELECT person.id, row_number() OVER (ORDER BY person.id) AS place
    FROM registry_person AS person
    WHERE person.region_code = %(region_code)s
) AS numbered
WHERE numbered.place %% %(every)s = 0
