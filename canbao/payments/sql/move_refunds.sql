-- Move refunds along an edge: only those in one of its sources. Those that moved come back with their count of moves.
-- What the edge does not speak of stays: an empty number or code leaves the one that is known.
-- Writes payments_refund by primary key: one row per input.
UPDATE payments_refund AS refund
SET state = %(target)s::text,
    move_count = refund.move_count + 1,
    checked_by = CASE %(event)s::text WHEN 'check' THEN move.actor ELSE refund.checked_by END,
    approved_by = CASE %(event)s::text WHEN 'approve' THEN move.actor ELSE refund.approved_by END,
    approved_at = CASE %(event)s::text WHEN 'approve' THEN %(now)s::timestamptz ELSE refund.approved_at END,
    sent_at = CASE WHEN %(event)s::text IN ('send', 'again') THEN %(now)s::timestamptz ELSE refund.sent_at END,
    ended_at = CASE WHEN %(target)s::text IN ('succeeded', 'failed', 'rejected') THEN %(now)s::timestamptz ELSE refund.ended_at END,
    succeeded_at = CASE %(event)s::text WHEN 'succeed' THEN move.happened_at ELSE refund.succeeded_at END,
    next_step = CASE %(event)s::text WHEN 'put_aside' THEN move.next_step ELSE '' END,
    foreign_code = coalesce(nullif(move.foreign_code, ''), refund.foreign_code),
    refund_ref = coalesce(nullif(move.refund_ref, ''), refund.refund_ref),
    account_tail = coalesce(nullif(move.account_tail, ''), refund.account_tail),
    is_withdrawn = move.is_withdrawn,
    next_ask_at = move.next_ask_at
FROM unnest(
    %(refund_ids)s::uuid[], %(actors)s::text[], %(happened_ats)s::timestamptz[], %(next_steps)s::text[],
    %(foreign_codes)s::text[], %(refund_refs)s::text[], %(account_tails)s::text[], %(are_withdrawn)s::boolean[],
    %(next_ask_ats)s::timestamptz[]
) AS move (
    refund_id, actor, happened_at, next_step, foreign_code, refund_ref, account_tail, is_withdrawn, next_ask_at
)
WHERE refund.region_code = %(region_code)s
    AND refund.id = move.refund_id
    AND refund.state = ANY(%(sources)s::text[])
RETURNING refund.id, refund.move_count
