-- Refunds whose last recorded move does not lead to the state they are in, or is not the last that they count; whose bills
-- do not add up to them; that name another amount than their capture; that failed and neither went back into suspense nor
-- have a successor; and open ones that nobody will send or ask about.
-- Reads payments_refund, payments_refund_event by payments_refund_event_move, payments_refund_line and payments_capture by
-- primary key, and payments_refund by payments_refund_replaced_once.
SELECT
    refund.refund_no,
    refund.state,
    CASE
        WHEN refund.state <> coalesce(told.target, '') OR refund.move_count IS DISTINCT FROM told.move_no
            THEN 'history: ' || coalesce(told.target, 'no move')
        WHEN coalesce(lines.amount_fen, 0) <> CASE WHEN refund.from_suspense THEN 0 ELSE refund.amount_fen END
            THEN 'bills: ' || coalesce(lines.amount_fen, 0)
        WHEN refund.captured_fen <> took.amount_fen OR refund.trade_ref <> took.trade_ref
            THEN 'capture: ' || took.amount_fen
        WHEN (refund.state = 'failed') <> (refund.is_withdrawn OR next.id IS NOT NULL)
            THEN 'failed without a trace'
        ELSE 'nobody asks'
    END AS told
FROM payments_refund AS refund
JOIN payments_capture AS took ON took.region_code = %(region_code)s AND took.id = refund.capture_id
LEFT JOIN payments_refund AS next ON next.region_code = %(region_code)s AND next.replaces_id = refund.id
LEFT JOIN LATERAL (
    SELECT event.target, event.move_no
    FROM payments_refund_event AS event
    WHERE event.region_code = %(region_code)s AND event.refund_id = refund.id
    ORDER BY event.move_no DESC
    LIMIT 1
) AS told ON true
LEFT JOIN LATERAL (
    SELECT sum(line.amount_fen)::bigint AS amount_fen
    FROM payments_refund_line AS line
    WHERE line.region_code = %(region_code)s AND line.refund_id = refund.id
) AS lines ON true
WHERE refund.region_code = %(region_code)s
    AND (
        refund.state <> coalesce(told.target, '')
        OR refund.move_count IS DISTINCT FROM told.move_no
        OR coalesce(lines.amount_fen, 0) <> CASE WHEN refund.from_suspense THEN 0 ELSE refund.amount_fen END
        OR refund.captured_fen <> took.amount_fen
        OR refund.trade_ref <> took.trade_ref
        OR (refund.state = 'failed') <> (refund.is_withdrawn OR next.id IS NOT NULL)
        OR (refund.state = ANY(%(asked)s::text[])) <> (refund.next_ask_at IS NOT NULL)
    )
ORDER BY refund.refund_no
LIMIT %(limit)s
