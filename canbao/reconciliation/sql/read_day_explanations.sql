-- Why fund statement and clearing account differ on closed days. By primary key.
SELECT day_id, place, kind, ref, line_no, item_count, ours_fen, theirs_fen, case_no
FROM reconciliation_day_explanation
WHERE region_code = %(region_code)s AND day_id = ANY(%(day_ids)s::uuid[])
ORDER BY day_id, place
