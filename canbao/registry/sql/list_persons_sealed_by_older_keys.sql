-- Persons that an older key sealed, locked against other rotations.
-- Reads registry_person. Relies on registry_person_by_key.
SELECT id, sealed
FROM registry_person
WHERE region_code = %(region_code)s AND sealed_key <> %(current_key)s
ORDER BY sealed_key, id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
