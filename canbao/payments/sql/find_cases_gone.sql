-- Open cases whose matter is none any more: the money has gone back whole, the refund has ended, the order has an outcome.
-- Reads payments_discrepancy, payments_capture, payments_refund, payments_order: at most one page of cases. Relies on
-- payments_discrepancy_by_state, payments_capture_by_order, payments_refund_by_capture.
SELECT found.id
FROM payments_discrepancy AS found
WHERE found.region_code = %(region_code)s
    AND found.state = 'open'
    AND CASE
        WHEN found.kind = 'outcome_overdue' THEN EXISTS (
            SELECT FROM payments_order AS awaited
            WHERE awaited.region_code = %(region_code)s
                AND awaited.id = found.subject_id
                AND awaited.state = ANY(%(ended_orders)s::text[])
        )
        WHEN found.kind = 'refund_overdue' THEN EXISTS (
            SELECT FROM payments_refund AS refund
            WHERE refund.region_code = %(region_code)s
                AND refund.id = found.subject_id
                AND refund.state = ANY(%(ended_refunds)s::text[])
        )
        WHEN found.kind = ANY(%(suspended)s::text[]) THEN EXISTS (
            SELECT FROM payments_capture AS capture
            WHERE capture.region_code = %(region_code)s
                AND capture.order_no = found.order_no
                AND capture.reason = found.kind
        ) AND NOT EXISTS (
            SELECT FROM payments_capture AS capture
            WHERE capture.region_code = %(region_code)s
                AND capture.order_no = found.order_no
                AND capture.reason = found.kind
                AND capture.amount_fen > (
                    SELECT coalesce(sum(refund.amount_fen), 0) FROM payments_refund AS refund
                    WHERE refund.region_code = %(region_code)s
                        AND refund.capture_id = capture.id
                        AND refund.state = 'succeeded'
                )
        )
        ELSE false
    END
ORDER BY found.opened_at, found.id
LIMIT %(limit)s
