-- The special identities of persons, ended ones too, those that never held left out.
-- Reads registry_identity. Relies on registry_identity_begins_once.
SELECT person_id, identity_code, from_on, until_on
FROM registry_identity
WHERE region_code = %(region_code)s
  AND person_id = ANY(%(person_ids)b::uuid[])
  AND (until_on IS NULL OR until_on > from_on)
ORDER BY person_id, identity_code, from_on
