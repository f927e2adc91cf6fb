-- Refunds whose channel is to be asked now, skipping those another worker holds.
-- Reads and locks payments_refund. Relies on payments_refund_to_ask.
SELECT id
FROM payments_refund
WHERE region_code = %(region_code)s AND next_ask_at <= %(now)s AND state = ANY(%(states)s::text[])
ORDER BY next_ask_at, id
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
