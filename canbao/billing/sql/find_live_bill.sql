-- One live bill of a person from an insured year on, if there is one.
-- Reads billing_bill. Writes nothing.
-- Batch: none; a look-up asks about one person.
-- Index: billing_bill_one_live.
SELECT bill.id
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.person_id = %(person_id)s
  AND bill.is_live
  AND bill.kind = 'normal'
  AND bill.insured_year >= %(insured_year_from)s
LIMIT 1
