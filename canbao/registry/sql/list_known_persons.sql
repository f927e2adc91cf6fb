-- Of these persons, those that the register has. A first import asks this alone of each batch.
-- Reads registry_person. Relies on its primary key.
SELECT id
FROM registry_person
WHERE region_code = %(region_code)s AND id = ANY(%(ids)b::uuid[])
