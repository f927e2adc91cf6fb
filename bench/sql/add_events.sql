-- The moves that brought each order where it is: opened, then placed.
-- Writes payments_order_event: two rows per input.
INSERT INTO payments_order_event (region_code, id, order_id, move_no, event, target, cause, recorded_at)
SELECT %(region_code)s, uuidv7(), opened.id, move.move_no, move.event, move.target, 'payer', %(now)s
FROM unnest(%(order_ids)s::uuid[]) AS opened (id)
CROSS JOIN (VALUES (1, 'open', ''), (2, 'place', 'placed')) AS move (move_no, event, target)
ORDER BY opened.id, move.move_no
