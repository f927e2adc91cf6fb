-- The totals of a closed day. Writes reconciliation_day_total: one row per input.
INSERT INTO reconciliation_day_total (
    region_code, day_id, scheme_code, due_from, due_until, collected_count, collected_fen, refunded_count, refunded_fen
)
SELECT %(region_code)s, %(day_id)s, total.*
FROM unnest(
    %(scheme_codes)s::text[], %(dues_from)s::integer[], %(dues_until)s::integer[], %(collected_counts)s::integer[],
    %(collecteds_fen)s::bigint[], %(refunded_counts)s::integer[], %(refundeds_fen)s::bigint[]
) AS total (scheme_code, due_from, due_until, collected_count, collected_fen, refunded_count, refunded_fen)
