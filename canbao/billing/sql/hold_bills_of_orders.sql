-- Hold the bills that orders have locked.
-- Reads and locks billing_bill, in the order of ids. Writes nothing.
-- Batch: order ids; one row out per bill that is locked by one of them.
-- Index: billing_bill_by_order.
SELECT bill.id
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.order_id = ANY(%(order_ids)s::uuid[])
  AND bill.state = ANY(%(sources)s::text[])
ORDER BY bill.id
FOR UPDATE
