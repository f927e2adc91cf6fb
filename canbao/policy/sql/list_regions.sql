-- The regions that take part.
-- Reads policy_region. Writes nothing.
-- Batch: none; one row per region out.
-- Index: the primary key of policy_region.
SELECT region.region_code, region.name_zh, region.name_en, region.phone_area_code
FROM policy_region AS region
ORDER BY region.region_code
