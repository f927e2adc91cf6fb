-- Write each notice's verdict.
-- Writes payments_notice by primary key: one row per input.
UPDATE payments_notice AS kept
SET verdict = judged.verdict, judged_at = %(now)s
FROM unnest(%(notice_ids)s::uuid[], %(verdicts)s::text[]) AS judged (notice_id, verdict)
WHERE kept.region_code = %(region_code)s AND kept.id = judged.notice_id
