-- The order numbers about which a case is open, and what kinds.
SELECT order_no, string_agg(kind, ' ' ORDER BY kind) FROM payments_discrepancy
WHERE state = 'open'
GROUP BY order_no
ORDER BY order_no
