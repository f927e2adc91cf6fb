-- Mark bills held by this transaction as paid by the order that has locked them, each at its own instant.
-- Reads and writes billing_bill.
-- Batch: bill ids, each once, with when they were paid; as many rows touched as bills paid.
-- Index: the primary key of billing_bill.
UPDATE billing_bill AS bill
SET state = %(target)s,
    move_count = bill.move_count + 1,
    locked_until = NULL,
    paid_at = paid.paid_at
FROM unnest(%(bill_ids)s::uuid[], %(paid_ats)s::timestamptz[]) AS paid (bill_id, paid_at)
WHERE bill.region_code = %(region_code)s
  AND bill.id = paid.bill_id
  AND bill.state = ANY(%(sources)s::text[])
