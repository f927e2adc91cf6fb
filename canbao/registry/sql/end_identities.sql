-- Identities of changed persons that their rows no longer state end today, and never before their begin.
-- Writes registry_identity. Relies on registry_identity_begins_once.
UPDATE registry_identity
SET until_on = greatest(registry_identity.from_on, %(today)s::date)
WHERE registry_identity.region_code = %(region_code)s
  AND registry_identity.person_id = ANY(%(person_ids)b::uuid[])
  AND (registry_identity.until_on IS NULL OR registry_identity.until_on > %(today)s)
  AND NOT EXISTS (
      SELECT 1
      FROM unnest(%(stated_person_ids)b::uuid[], %(identity_codes)b::text[], %(from_on)b::date[])
           AS stated (person_id, identity_code, from_on)
      WHERE stated.person_id = registry_identity.person_id
        AND stated.identity_code = registry_identity.identity_code
        AND stated.from_on = registry_identity.from_on)
