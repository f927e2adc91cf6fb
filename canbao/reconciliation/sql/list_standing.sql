-- Differences of a statement that stand, a page of them, in the order of their subjects.
-- Reads reconciliation_difference. Relies on reconciliation_diff_standing.
SELECT
    told.statement_id, told.subject, told.line_no, told.kind, told.verdict, told.happened_at, told.order_no, told.trade_ref,
    told.refund_no, told.refund_ref, told.capture_id, told.refund_id, told.order_id, told.ours_fen, told.theirs_fen,
    told.ours_state, told.theirs_state, told.ours_on, told.judged_at, told.heal, told.healed_at
FROM reconciliation_difference AS told
WHERE told.region_code = %(region_code)s
    AND told.statement_id = %(statement_id)s
    AND told.healed_at IS NULL
    AND told.verdict = ANY(%(verdicts)s::text[])
    AND told.subject > %(after)s
ORDER BY told.subject
LIMIT %(limit)s
