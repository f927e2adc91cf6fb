-- Refunds that wait for a person, in the order in which they were asked for.
SELECT refund_no
FROM payments_refund
WHERE region_code = %(region_code)s AND state IN ('asked', 'checked', 'by_hand')
ORDER BY asked_at, refund_no
LIMIT 50
