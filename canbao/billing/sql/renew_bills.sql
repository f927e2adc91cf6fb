-- Make the bills that are due again in the place of paid ones whose money goes back: the same price, the next generation.
-- Reads billing_bill. Writes billing_bill.
-- Batch: ids of bills that this transaction has cancelled; one row written per bill.
-- Index: the primary key of billing_bill; billing_bill_one_live refuses a second live bill of the key.
INSERT INTO billing_bill (
    region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind, generation, state, move_count, price_id,
    total_fen, government_fen, assistance_fen, personal_fen, registered_elsewhere, assessed_on, recorded_at
)
SELECT
    bill.region_code,
    (left(bill.person_id::text, 19) || '8'
     || left(encode(sha256(
         uuid_send(bill.person_id)
         || convert_to(concat('bill|normal|', bill.scheme_code, '|', bill.due_from, '|', bill.due_until, '|'), 'UTF8')
         || int2send((bill.generation + 1)::smallint)
     ), 'hex'), 15))::uuid,
    bill.person_id, bill.scheme_code, bill.insured_year, bill.due_from, bill.due_until, 'normal', bill.generation + 1, 'due', 0, bill.price_id,
    bill.total_fen, bill.government_fen, bill.assistance_fen, bill.personal_fen, bill.registered_elsewhere, bill.assessed_on, %(now)s
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
