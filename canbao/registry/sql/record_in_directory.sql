-- Persons and the region that registers them; national, found by the digest of the number.
-- Writes registry_directory: at most one row per row in. Relies on its primary key.
INSERT INTO registry_directory (id_digest, region_code, person_id, enrolled_until_on)
SELECT entry.id_digest, %(registering_region)s, entry.person_id, entry.enrolled_until_on
FROM unnest(%(id_digests)b::bytea[], %(person_ids)b::uuid[], %(enrolled_until_on)b::date[])
     AS entry (id_digest, person_id, enrolled_until_on)
WHERE NOT EXISTS (
    -- An entry that says so already is left alone: a conflict would lock it, and a lock is a write.
    SELECT 1
    FROM registry_directory AS known
    WHERE known.id_digest = entry.id_digest
      AND known.region_code = %(registering_region)s
      AND known.enrolled_until_on IS NOT DISTINCT FROM entry.enrolled_until_on)
ORDER BY entry.id_digest
ON CONFLICT (id_digest, region_code) DO UPDATE
SET enrolled_until_on = excluded.enrolled_until_on
WHERE registry_directory.enrolled_until_on IS DISTINCT FROM excluded.enrolled_until_on
