-- Write the negative record of each paid bill that a refund cancels: what was left of it, so that all its records come to zero.
-- Reads billing_bill. Writes billing_bill.
-- Batch: ids of bills held by this transaction, each with the refund; one negative row written per bill.
-- Index: the primary key of billing_bill; billing_bill_refunded_once finds what went back before, billing_bill_one_reversal
-- refuses a second record. The id is a pure function of the bill's key (rules.bill_id_of says the same in Python).
INSERT INTO billing_bill (
    region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind, generation, state, move_count, price_id,
    total_fen, government_fen, assistance_fen, personal_fen, registered_elsewhere, assessed_on, reverses_id, refund_id, recorded_at
)
SELECT
    bill.region_code,
    (left(bill.person_id::text, 19) || '8'
     || left(encode(sha256(
         uuid_send(bill.person_id)
         || convert_to(concat('bill|reversal|', bill.scheme_code, '|', bill.due_from, '|', bill.due_until, '|'), 'UTF8')
         || int2send(bill.generation)
     ), 'hex'), 15))::uuid,
    bill.person_id, bill.scheme_code, bill.insured_year, bill.due_from, bill.due_until, 'reversal', bill.generation, 'reversed', 0, bill.price_id,
    -bill.total_fen + lessened.fen, -bill.government_fen, -bill.assistance_fen, -bill.personal_fen + lessened.fen,
    bill.registered_elsewhere, %(undone_on)s, bill.id, undone.refund_id, %(now)s
FROM unnest(%(bill_ids)s::uuid[], %(refund_ids)s::uuid[]) AS undone (bill_id, refund_id)
JOIN billing_bill AS bill ON bill.region_code = %(region_code)s AND bill.id = undone.bill_id
CROSS JOIN LATERAL (
    SELECT COALESCE(-sum(earlier.personal_fen), 0)::bigint AS fen
    FROM billing_bill AS earlier
    WHERE earlier.region_code = %(region_code)s
      AND earlier.reverses_id = bill.id
      AND earlier.refund_id IS NOT NULL
) AS lessened
WHERE bill.region_code = %(region_code)s
