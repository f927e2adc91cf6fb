-- Moves of orders, for their history, each with the number that its order counted when it moved.
-- Writes payments_order_event: one row per move. payments_event_move is the guard.
INSERT INTO payments_order_event (region_code, id, order_id, move_no, event, target, cause, recorded_at)
SELECT %(region_code)s, move.id, move.order_id, move.move_no, %(event)s, %(target)s, move.cause, %(now)s
FROM unnest(%(ids)s::uuid[], %(order_ids)s::uuid[], %(move_nos)s::integer[], %(causes)s::text[])
    AS move (id, order_id, move_no, cause)
