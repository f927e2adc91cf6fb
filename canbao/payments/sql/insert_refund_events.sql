-- Moves of refunds, for their history, each with the number that its refund counted when it moved.
-- Writes payments_refund_event: one row per move. payments_refund_event_move is the guard.
INSERT INTO payments_refund_event (region_code, id, refund_id, move_no, event, target, actor, cause, recorded_at)
SELECT %(region_code)s, move.id, move.refund_id, move.move_no, %(event)s, %(target)s, move.actor, move.cause, %(now)s
FROM unnest(%(ids)s::uuid[], %(refund_ids)s::uuid[], %(move_nos)s::integer[], %(actors)s::text[], %(causes)s::text[])
    AS move (id, refund_id, move_no, actor, cause)
