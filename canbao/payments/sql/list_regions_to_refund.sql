-- Regions with refunds to send or to ask a channel about. National: asked by the worker between rounds.
-- Reads payments_refund. Relies on payments_refund_to_ask.
SELECT DISTINCT region_code
FROM payments_refund
WHERE next_ask_at <= %(now)s
ORDER BY region_code
