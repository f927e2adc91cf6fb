-- Captures with what is left of each to refund, and what of it waits in suspense: all of a suspended one, and what an
-- approved refund that was given up brought back; less what other refunds take from there.
-- Reads payments_capture by primary key or payments_capture_by_order, payments_refund_total by primary key and
-- payments_refund by payments_refund_by_capture.
SELECT
    took.id AS capture_id, took.order_id, took.order_no, took.channel_code, took.trade_ref,
    took.amount_fen AS captured_fen, coalesce(total.claimed_fen, 0)::bigint AS claimed_fen, took.disposition, took.reason,
    took.happened_at,
    (
        CASE took.disposition WHEN 'suspended' THEN took.amount_fen ELSE 0 END
        + coalesce(back.withdrawn_fen, 0) - coalesce(back.released_fen, 0)
    )::bigint AS suspense_fen
FROM payments_capture AS took
LEFT JOIN payments_refund_total AS total
    ON total.region_code = %(region_code)s AND total.capture_id = took.id
LEFT JOIN LATERAL (
    SELECT
        sum(refund.amount_fen) FILTER (WHERE refund.is_withdrawn) AS withdrawn_fen,
        sum(refund.amount_fen) FILTER (
            WHERE refund.from_suspense AND refund.replaces_id IS NULL AND refund.state <> 'rejected'
        ) AS released_fen
    FROM payments_refund AS refund
    WHERE refund.region_code = %(region_code)s AND refund.capture_id = took.id
) AS back ON true
WHERE took.region_code = %(region_code)s
    AND (took.id = ANY(%(capture_ids)s::uuid[]) OR took.order_no = ANY(%(order_nos)s::text[]))
ORDER BY took.recorded_at, took.id
