-- Move bills held by this transaction to the state an event leads to.
-- Reads and writes billing_bill.
-- Batch: bill ids, one order for all or none; as many rows touched as bills moved.
-- Index: the primary key of billing_bill.
UPDATE billing_bill AS bill
SET state = %(target)s,
    move_count = bill.move_count + 1,
    order_id = %(order_id)s::uuid,
    locked_until = %(locked_until)s::timestamptz,
    paid_at = NULL
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
  AND bill.state = ANY(%(sources)s::text[])
