-- Each order holds its bill.
-- Writes billing_bill by primary key: one row per input.
UPDATE billing_bill AS bill
SET state = 'locked', order_id = opened.id, locked_until = %(expires_at)s, move_count = bill.move_count + 1
FROM unnest(%(order_ids)s::uuid[], %(bill_ids)s::uuid[]) AS opened (id, bill_id)
WHERE bill.region_code = %(region_code)s AND bill.id = opened.bill_id AND bill.state = 'due'
