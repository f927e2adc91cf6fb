-- Write the negative record of each bill that is being cancelled.
-- Reads billing_bill. Writes billing_bill.
-- Batch: ids of bills held by this transaction; one negative row written per bill.
-- Index: the primary key of billing_bill; billing_bill_one_reversal refuses a second one.
INSERT INTO billing_bill (
    region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind, generation, state, move_count, price_id,
    total_fen, government_fen, assistance_fen, personal_fen, registered_elsewhere, assessed_on, reverses_id, recorded_at
)
SELECT
    bill.region_code,
    (left(bill.person_id::text, 19) || '8'
     || left(encode(sha256(uuid_send(bill.person_id) || %(reversal_key)s::bytea || int2send(bill.generation)), 'hex'), 15))::uuid,
    bill.person_id, bill.scheme_code, bill.insured_year, bill.due_from, bill.due_until, 'reversal', bill.generation, 'reversed', 0, bill.price_id,
    -bill.total_fen, -bill.government_fen, -bill.assistance_fen, -bill.personal_fen, bill.registered_elsewhere,
    %(assessed_on)s, bill.id, %(now)s
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
