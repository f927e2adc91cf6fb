-- Refunds by number or id, locked in key order so that two workers never wait for each other in a circle.
-- Reads and locks payments_refund by primary key or payments_refund_number.
SELECT
    id AS refund_id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, captured_fen, amount_fen, reason,
    note, is_automatic, from_suspense, undoes, bill_after, steps, event_on, state, asked_by, checked_by, approved_by,
    asked_at, approved_at, sent_at, ended_at, deadline_at, next_step, foreign_code, refund_ref, account_tail,
    succeeded_at, replaces_id, is_withdrawn, next_ask_at, ask_count
FROM payments_refund
WHERE region_code = %(region_code)s
    AND (id = ANY(%(refund_ids)s::uuid[]) OR refund_no = ANY(%(refund_nos)s::text[]))
ORDER BY id
FOR NO KEY UPDATE
