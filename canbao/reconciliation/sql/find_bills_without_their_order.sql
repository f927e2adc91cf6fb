-- Paid bills that are not on exactly one settled order, and locked bills that are not on exactly one live order.
-- Reads billing_public_bill, payments_public_order_line and payments_public_order.
SELECT bill.bill_id, bill.state, count(asked.order_id)::integer AS orders
FROM billing_public_bill AS bill
LEFT JOIN payments_public_order_line AS line
    ON line.region_code = %(region_code)s AND line.bill_id = bill.bill_id
LEFT JOIN payments_public_order AS asked
    ON asked.region_code = %(region_code)s
    AND asked.order_id = line.order_id
    AND asked.state = ANY(
        CASE bill.state WHEN 'paid' THEN ARRAY['settled'] ELSE ARRAY['open', 'placed', 'unknown'] END
    )
WHERE bill.region_code = %(region_code)s AND bill.state IN ('paid', 'locked')
GROUP BY bill.bill_id, bill.state
HAVING count(asked.order_id) <> 1
ORDER BY bill.bill_id
LIMIT %(limit)s
