-- Moves of orders, for their history.
-- Writes payments_order_event: one row per move.
INSERT INTO payments_order_event (region_code, id, order_id, event, target, cause, recorded_at)
SELECT %(region_code)s, move.id, move.order_id, %(event)s, %(target)s, move.cause, %(now)s
FROM unnest(%(ids)s::uuid[], %(order_ids)s::uuid[], %(causes)s::text[]) AS move (id, order_id, cause)
