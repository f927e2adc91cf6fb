-- Former rows of persons that an older key sealed, locked against other rotations.
-- Reads registry_person_history. Relies on registry_history_by_key.
SELECT id, sealed
FROM registry_person_history
WHERE region_code = %(region_code)s AND sealed_key <> %(current_key)s
ORDER BY sealed_key, id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
