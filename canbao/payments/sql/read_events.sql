-- The moves of an order, in the order they happened. Relies on payments_event_move.
SELECT event, target, cause, recorded_at
FROM payments_order_event
WHERE region_code = %(region_code)s AND order_id = %(order_id)s
ORDER BY move_no
