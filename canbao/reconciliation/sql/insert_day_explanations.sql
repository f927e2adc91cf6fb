-- Why fund statement and clearing account differ on a closed day. Writes reconciliation_day_explanation: one row per input.
INSERT INTO reconciliation_day_explanation (
    region_code, day_id, place, kind, ref, line_no, item_count, ours_fen, theirs_fen, case_no
)
SELECT %(region_code)s, %(day_id)s, line.*
FROM unnest(
    %(places)s::integer[], %(kinds)s::text[], %(refs)s::text[], %(line_nos)s::integer[], %(item_counts)s::integer[],
    %(ours_fen)s::bigint[], %(theirs_fen)s::bigint[], %(case_nos)s::text[]
) AS line (place, kind, ref, line_no, item_count, ours_fen, theirs_fen, case_no)
