-- Captures whose count of what is spoken for is not what their refunds add up to, or is more than was captured.
-- Reads payments_refund, payments_refund_total and payments_capture by primary key.
SELECT took.trade_ref, took.amount_fen, coalesce(total.claimed_fen, 0)::bigint AS claimed_fen, told.amount_fen AS told_fen
FROM (
    SELECT
        refund.capture_id,
        coalesce(sum(refund.amount_fen) FILTER (WHERE refund.state NOT IN ('rejected', 'failed')), 0)::bigint AS amount_fen
    FROM payments_refund AS refund
    WHERE refund.region_code = %(region_code)s
    GROUP BY refund.capture_id
) AS told
JOIN payments_capture AS took ON took.region_code = %(region_code)s AND took.id = told.capture_id
LEFT JOIN payments_refund_total AS total ON total.region_code = %(region_code)s AND total.capture_id = told.capture_id
WHERE told.amount_fen IS DISTINCT FROM total.claimed_fen
    OR told.amount_fen > took.amount_fen
    OR total.captured_fen <> took.amount_fen
ORDER BY took.trade_ref
LIMIT %(limit)s
