-- The oldest open case of an order, if it has one.
SELECT case_no, kind, order_no, expected, found, opened_at
FROM payments_discrepancy
WHERE region_code = %(region_code)s AND order_no = %(order_no)s AND state = 'open'
ORDER BY opened_at, id
LIMIT 1
