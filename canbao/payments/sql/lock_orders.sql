-- Orders by number, locked in key order so that two workers never wait for each other in a circle.
-- Reads and locks payments_order. Relies on payments_order_number.
SELECT id AS order_id, order_no, state, amount_fen, channel_code
FROM payments_order
WHERE region_code = %(region_code)s AND order_no = ANY(%(order_nos)s::text[])
ORDER BY id
FOR NO KEY UPDATE
