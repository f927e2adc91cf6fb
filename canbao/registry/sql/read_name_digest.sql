-- The digest that a name is compared with, and whether other regions claim the person.
-- Reads registry_person by its primary key: at most one row.
SELECT id_digest, name_digest, elsewhere
FROM registry_person
WHERE region_code = %(region_code)s AND id = %(id)s
