-- An open case of these kinds about an order's number, if there is one.
-- Reads payments_discrepancy: the open ones of a region. Relies on payments_discrepancy_by_state.
SELECT told.id
FROM payments_discrepancy AS told
WHERE told.region_code = %(region_code)s
    AND told.state = 'open'
    AND told.order_no = %(order_no)s
    AND told.kind = ANY(%(kinds)s::text[])
ORDER BY told.id
LIMIT 1
