-- Families that a batch names; those already known stay as they are.
-- Writes registry_family: at most one row per family. Relies on its primary key.
INSERT INTO registry_family (region_code, id, family_no, recorded_at)
SELECT %(region_code)s, family.id, family.family_no, %(now)s
FROM unnest(%(ids)b::uuid[], %(family_nos)b::text[]) AS family (id, family_no)
ORDER BY family.id
ON CONFLICT DO NOTHING
