-- Hold bills that are to be cancelled, as far as nobody has locked or met them meanwhile.
-- Reads and locks billing_bill, in the order of ids. Writes nothing.
-- Batch: bill ids; one row out per bill that is still in one of the sources.
-- Index: the primary key of billing_bill.
SELECT bill.id
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
  AND bill.state = ANY(%(sources)s::text[])
ORDER BY bill.id
FOR UPDATE
