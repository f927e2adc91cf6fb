-- The moves of an order, in time order. Relies on payments_event_by_order.
SELECT event, target, cause, recorded_at
FROM payments_order_event
WHERE region_code = %(region_code)s AND order_id = %(order_id)s
ORDER BY recorded_at, id
