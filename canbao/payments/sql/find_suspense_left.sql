-- What of a capture waits in suspense with no refund speaking for it and no open case telling of it; no row where
-- nothing does: all of a suspended capture, and what a refund that was given up brought back, less what other refunds
-- take from there.
-- Reads payments_capture by primary key, payments_refund by payments_refund_by_capture and payments_discrepancy by
-- payments_discrepancy_by_state.
SELECT (
    CASE took.disposition WHEN 'suspended' THEN took.amount_fen ELSE 0 END
    + coalesce(back.withdrawn_fen, 0) - coalesce(back.released_fen, 0)
)::bigint AS suspense_fen
FROM payments_capture AS took
CROSS JOIN LATERAL (
    SELECT
        sum(refund.amount_fen) FILTER (WHERE refund.is_withdrawn) AS withdrawn_fen,
        sum(refund.amount_fen) FILTER (
            WHERE refund.from_suspense AND refund.replaces_id IS NULL AND refund.state <> 'rejected'
        ) AS released_fen
    FROM payments_refund AS refund
    WHERE refund.region_code = %(region_code)s AND refund.capture_id = took.id
) AS back
WHERE took.region_code = %(region_code)s
    AND took.id = %(capture_id)s
    AND CASE took.disposition WHEN 'suspended' THEN took.amount_fen ELSE 0 END
    + coalesce(back.withdrawn_fen, 0) - coalesce(back.released_fen, 0) > 0
    AND NOT EXISTS (
        SELECT FROM payments_discrepancy AS told
        WHERE told.region_code = %(region_code)s
            AND told.state = 'open'
            AND told.order_no = took.order_no
            AND told.kind = ANY(%(kinds)s::text[])
    )
