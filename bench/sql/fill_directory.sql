-- The directory's entry of every person.
-- Reads registry_person. Writes registry_directory (national): one row per person.
INSERT INTO registry_directory (id_digest, region_code, person_id, enrolled_until_on)
SELECT person.id_digest, person.region_code, person.id, NULL
FROM registry_person AS person
WHERE person.region_code = %(region_code)s
