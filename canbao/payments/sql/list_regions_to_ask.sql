-- Regions with orders to ask a channel about. National: asked by the worker between rounds.
-- Reads payments_order. Relies on payments_order_to_ask.
SELECT DISTINCT region_code
FROM payments_order
WHERE next_ask_at <= %(now)s
ORDER BY region_code
