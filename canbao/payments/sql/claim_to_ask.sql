-- Orders whose time to be asked about has come, skipping those another worker holds.
-- Reads and locks payments_order. Relies on payments_order_to_ask.
SELECT id
FROM payments_order
WHERE region_code = %(region_code)s AND next_ask_at <= %(now)s
ORDER BY next_ask_at, id
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
