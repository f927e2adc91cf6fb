-- Payments that only the channel knows of and whose order is ours, a page of them, in the order of their subjects.
-- Reads reconciliation_difference by reconciliation_diff_standing, payments_public_order by payments_order_number.
SELECT
    told.statement_id, told.subject, told.line_no, told.kind, told.verdict, told.happened_at, told.order_no, told.trade_ref,
    told.refund_no, told.refund_ref, told.capture_id, told.refund_id, told.order_id, told.ours_fen, told.theirs_fen,
    told.ours_state, told.theirs_state, told.ours_on, told.judged_at, told.heal, told.healed_at
FROM reconciliation_difference AS told
JOIN payments_public_order AS asked
    ON asked.region_code = %(region_code)s
    AND asked.order_no = told.order_no
    AND asked.channel_code = %(channel_code)s
WHERE told.region_code = %(region_code)s
    AND told.statement_id = %(statement_id)s
    AND told.healed_at IS NULL
    AND told.verdict = 'only_theirs'
    AND told.kind = 'payment'
    AND told.subject > %(after)s
ORDER BY told.subject
LIMIT %(limit)s
