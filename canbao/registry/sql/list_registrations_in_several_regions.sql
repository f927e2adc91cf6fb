-- Of these numbers, those that more than one region registers: every region of each.
-- Reads registry_directory (national). Relies on its primary key.
SELECT entry.id_digest, entry.region_code, entry.person_id, entry.enrolled_until_on
FROM registry_directory AS entry
WHERE entry.id_digest = ANY(%(id_digests)b::bytea[])
  AND EXISTS (
      SELECT 1
      FROM registry_directory AS other
      WHERE other.id_digest = entry.id_digest AND other.region_code <> entry.region_code)
ORDER BY entry.id_digest, entry.region_code
