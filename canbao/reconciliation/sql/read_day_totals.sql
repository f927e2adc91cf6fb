-- The totals of closed days. By primary key.
SELECT
    day_id, scheme_code, due_from, due_until, collected_count, collected_fen, refunded_count, refunded_fen
FROM reconciliation_day_total
WHERE region_code = %(region_code)s AND day_id = ANY(%(day_ids)s::uuid[])
ORDER BY day_id, scheme_code, due_from
