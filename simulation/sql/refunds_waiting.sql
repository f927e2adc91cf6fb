-- Refunds of the town, not of the nation, that wait for a person, in the order in which they were asked for.
SELECT refund_no
FROM payments_refund
WHERE region_code <> 100000 AND state IN ('asked', 'checked', 'by_hand')
ORDER BY asked_at, refund_no
LIMIT 50
