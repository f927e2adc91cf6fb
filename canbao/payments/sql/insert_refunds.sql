-- Write refunds down, before any channel hears of them.
-- Writes payments_refund: one row per input.
INSERT INTO payments_refund (
    region_code, id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, captured_fen, amount_fen, reason,
    note, is_automatic, from_suspense, undoes, bill_after, steps, event_on, state, asked_by, checked_by, approved_by,
    asked_at, approved_at, deadline_at, next_step, foreign_code, refund_ref, account_tail, replaces_id, is_withdrawn,
    next_ask_at, ask_count, move_count, recorded_at
)
SELECT
    %(region_code)s, new.id, new.refund_no, new.capture_id, new.order_id, new.order_no, new.channel_code, new.trade_ref,
    new.captured_fen, new.amount_fen, new.reason, new.note, new.is_automatic, new.from_suspense, new.undoes,
    new.bill_after, new.steps::jsonb, new.event_on, new.state, new.asked_by, new.checked_by, new.approved_by,
    new.asked_at, new.approved_at, new.deadline_at, '', '', '', '', new.replaces_id, false,
    new.next_ask_at, 0, 1, %(now)s
FROM unnest(
    %(ids)s::uuid[], %(refund_nos)s::text[], %(capture_ids)s::uuid[], %(order_ids)s::uuid[], %(order_nos)s::text[],
    %(channel_codes)s::text[], %(trade_refs)s::text[], %(captureds_fen)s::bigint[], %(amounts_fen)s::bigint[],
    %(reasons)s::text[], %(notes)s::text[], %(are_automatic)s::boolean[], %(are_from_suspense)s::boolean[],
    %(undoes)s::text[], %(bill_afters)s::text[], %(steps)s::text[], %(event_ons)s::date[], %(states)s::text[],
    %(asked_bys)s::text[], %(checked_bys)s::text[], %(approved_bys)s::text[], %(asked_ats)s::timestamptz[],
    %(approved_ats)s::timestamptz[], %(deadline_ats)s::timestamptz[], %(replaces_ids)s::uuid[],
    %(next_ask_ats)s::timestamptz[]
) AS new (
    id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, captured_fen, amount_fen, reason, note,
    is_automatic, from_suspense, undoes, bill_after, steps, event_on, state, asked_by, checked_by, approved_by, asked_at,
    approved_at, deadline_at, replaces_id, next_ask_at
)
