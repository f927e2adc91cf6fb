-- Refunds by id, by number, or of an order's number, in the order they were asked for.
-- Reads payments_refund by primary key, payments_refund_number or payments_refund_by_order.
SELECT
    id AS refund_id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, captured_fen, amount_fen, reason,
    note, is_automatic, from_suspense, undoes, bill_after, steps, event_on, state, asked_by, checked_by, approved_by,
    asked_at, approved_at, sent_at, ended_at, deadline_at, next_step, foreign_code, refund_ref, account_tail,
    succeeded_at, replaces_id, is_withdrawn, next_ask_at, ask_count
FROM payments_refund
WHERE region_code = %(region_code)s
    AND (
        id = ANY(%(refund_ids)s::uuid[])
        OR refund_no = ANY(%(refund_nos)s::text[])
        OR order_no = ANY(%(order_nos)s::text[])
    )
ORDER BY asked_at, id
