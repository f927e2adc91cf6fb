-- Open cases of a region, oldest first. Relies on payments_discrepancy_by_state.
SELECT case_no, kind, order_no, expected, found, opened_at
FROM payments_discrepancy
WHERE region_code = %(region_code)s AND state = 'open'
ORDER BY opened_at, id
LIMIT %(limit)s
