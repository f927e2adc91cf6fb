-- Keep bills from being paid, freed or undone until the transaction ends, and say where they stand.
-- Reads and shares billing_bill, in the order of ids. Writes nothing.
-- Batch: bill ids; one row out per bill found.
-- Index: the primary key of billing_bill.
SELECT bill.id AS bill_id, bill.state, bill.order_id, bill.personal_fen
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
  AND bill.kind = 'normal'
ORDER BY bill.id
FOR SHARE
