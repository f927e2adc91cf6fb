-- The regions that register a number.
-- Reads registry_directory (national). Relies on its primary key.
SELECT region_code, person_id
FROM registry_directory
WHERE id_digest = %(id_digest)s
ORDER BY region_code
