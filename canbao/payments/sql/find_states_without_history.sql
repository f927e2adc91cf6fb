-- Orders whose last recorded move does not lead to the state they are in, or is not the last that they count.
-- Reads payments_order and payments_order_event. Relies on payments_event_move.
SELECT asked.order_no, asked.state, coalesce(told.target, '') AS told
FROM payments_order AS asked
LEFT JOIN LATERAL (
    SELECT event.target, event.move_no
    FROM payments_order_event AS event
    WHERE event.region_code = %(region_code)s AND event.order_id = asked.id
    ORDER BY event.move_no DESC
    LIMIT 1
) AS told ON true
WHERE asked.region_code = %(region_code)s
    AND (asked.state <> coalesce(nullif(told.target, ''), 'open') OR asked.move_count IS DISTINCT FROM told.move_no)
ORDER BY asked.order_no
LIMIT %(limit)s
