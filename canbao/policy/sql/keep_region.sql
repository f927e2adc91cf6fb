-- Say a region's names as its newest publication says them. The same again touches nothing.
-- Writes policy_region.
-- Batch: one region.
-- Index: the primary key of policy_region.
INSERT INTO policy_region AS kept (region_code, name_zh, name_en, phone_area_code, recorded_at)
VALUES (%(region_code)s, %(name_zh)s, %(name_en)s, %(phone_area_code)s, %(now)s)
ON CONFLICT (region_code) DO UPDATE
SET name_zh = excluded.name_zh, name_en = excluded.name_en, phone_area_code = excluded.phone_area_code,
    recorded_at = excluded.recorded_at
WHERE (kept.name_zh, kept.name_en, kept.phone_area_code)
    IS DISTINCT FROM (excluded.name_zh, excluded.name_en, excluded.phone_area_code)
