-- Identities as rows state them: added, or their end moved.
-- Writes registry_identity: at most one row per row in. Relies on registry_identity_begins_once.
INSERT INTO registry_identity (region_code, id, person_id, identity_code, from_on, until_on, import_id, recorded_at)
SELECT %(region_code)s, stated.id, stated.person_id, stated.identity_code, stated.from_on, stated.until_on,
       %(import_id)s, %(now)s
FROM unnest(%(ids)b::uuid[], %(person_ids)b::uuid[], %(identity_codes)b::text[], %(from_on)b::date[], %(until_on)b::date[])
     AS stated (id, person_id, identity_code, from_on, until_on)
ORDER BY stated.person_id, stated.identity_code, stated.from_on
ON CONFLICT (region_code, person_id, identity_code, from_on) DO UPDATE
SET until_on = excluded.until_on, import_id = excluded.import_id, recorded_at = excluded.recorded_at
WHERE registry_identity.until_on IS DISTINCT FROM excluded.until_on
