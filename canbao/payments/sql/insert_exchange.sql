-- What was asked and answered about an order, a refund, or the refund of an order.
-- Writes payments_exchange.
INSERT INTO payments_exchange (
    region_code, id, order_id, refund_id, verb, outcome, foreign_code, request, answer, status, asked_at, recorded_at
) VALUES (
    %(region_code)s, %(id)s, %(order_id)s, %(refund_id)s, %(verb)s, %(outcome)s, %(foreign_code)s, %(request)s, %(answer)s, %(status)s,
    %(asked_at)s, %(now)s
)
