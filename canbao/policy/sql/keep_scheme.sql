-- Say a scheme's names as the newest publication says them. The same again touches nothing.
-- Writes policy_scheme.
-- Batch: one scheme.
-- Index: the primary key of policy_scheme.
INSERT INTO policy_scheme AS kept (scheme_code, name_zh, name_en, recorded_at)
VALUES (%(scheme_code)s, %(name_zh)s, %(name_en)s, %(now)s)
ON CONFLICT (scheme_code) DO UPDATE
SET name_zh = excluded.name_zh, name_en = excluded.name_en, recorded_at = excluded.recorded_at
WHERE (kept.name_zh, kept.name_en) IS DISTINCT FROM (excluded.name_zh, excluded.name_en)
