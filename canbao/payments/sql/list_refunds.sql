-- A region's refunds in some states, or overdue at an instant, the nearest deadline first.
-- Reads payments_refund. Relies on payments_refund_open for states that a deadline counts in.
SELECT
    id AS refund_id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, captured_fen, amount_fen, reason,
    note, is_automatic, from_suspense, undoes, bill_after, steps, event_on, state, asked_by, checked_by, approved_by,
    asked_at, approved_at, sent_at, ended_at, deadline_at, next_step, foreign_code, refund_ref, account_tail,
    succeeded_at, replaces_id, is_withdrawn, next_ask_at, ask_count
FROM payments_refund
WHERE region_code = %(region_code)s AND state = ANY(%(states)s::text[]) AND deadline_at < %(before)s
ORDER BY deadline_at, id
LIMIT %(limit)s
