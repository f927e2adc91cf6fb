-- Auditor: persons of a region whom the directory does not name. The import that follows the next time repairs it.
-- Reads registry_person and registry_directory. Relies on their primary keys.
SELECT person.id::text AS subject, 'an entry in the directory' AS expected, 'none' AS found
FROM registry_person AS person
LEFT JOIN registry_directory AS entry
    ON entry.id_digest = person.id_digest AND entry.region_code = %(region_code)s AND entry.person_id = person.id
WHERE person.region_code = %(region_code)s AND entry.id_digest IS NULL
ORDER BY person.id
LIMIT %(limit)s
