-- Orders whose last recorded move does not lead to the state they are in.
-- Reads payments_order and payments_order_event. Relies on payments_event_by_order.
SELECT asked.order_no, asked.state, coalesce(told.target, '') AS told
FROM payments_order AS asked
LEFT JOIN LATERAL (
    SELECT event.target
    FROM payments_order_event AS event
    WHERE event.region_code = %(region_code)s AND event.order_id = asked.id AND event.target <> ''
    ORDER BY event.recorded_at DESC, event.id DESC
    LIMIT 1
) AS told ON true
WHERE asked.region_code = %(region_code)s
    AND asked.state <> coalesce(told.target, 'open')
ORDER BY asked.order_no
LIMIT %(limit)s
