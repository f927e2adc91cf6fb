-- Mark bills held by this transaction as paid by the order that has locked them.
-- Reads and writes billing_bill.
-- Batch: bill ids; as many rows touched as bills paid.
-- Index: the primary key of billing_bill.
UPDATE billing_bill AS bill
SET state = %(target)s,
    move_count = bill.move_count + 1,
    locked_until = NULL,
    paid_at = %(paid_at)s
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
  AND bill.state = ANY(%(sources)s::text[])
