-- Write the negative record of what a refund gave back of each paid bill that stays paid.
-- Reads billing_bill. Writes billing_bill.
-- Batch: ids of bills held by this transaction, each with the refund and an amount, a bill once per refund; one row written each.
-- Index: the primary key of billing_bill; billing_bill_refunded_once refuses a second record.
INSERT INTO billing_bill (
    region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind, generation, state, move_count, price_id,
    total_fen, government_fen, assistance_fen, personal_fen, registered_elsewhere, assessed_on, reverses_id, refund_id, recorded_at
)
SELECT
    bill.region_code,
    (left(bill.person_id::text, 19) || '8'
     || left(encode(sha256(
         uuid_send(bill.person_id)
         || convert_to(concat('bill|refund|', bill.scheme_code, '|', bill.due_from, '|', bill.due_until, '|', record.refund_id, '|'), 'UTF8')
         || int2send(bill.generation)
     ), 'hex'), 15))::uuid,
    bill.person_id, bill.scheme_code, bill.insured_year, bill.due_from, bill.due_until, 'refund', bill.generation, 'reversed', 0, bill.price_id,
    -record.amount_fen, 0, 0, -record.amount_fen,
    bill.registered_elsewhere, %(undone_on)s, bill.id, record.refund_id, %(now)s
FROM unnest(%(bill_ids)s::uuid[], %(refund_ids)s::uuid[], %(amounts_fen)s::bigint[]) AS record (bill_id, refund_id, amount_fen)
JOIN billing_bill AS bill ON bill.region_code = %(region_code)s AND bill.id = record.bill_id
WHERE bill.region_code = %(region_code)s
