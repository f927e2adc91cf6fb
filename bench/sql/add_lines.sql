-- One line per order: its bill.
-- Reads billing_bill. Writes payments_order_line: one row per input.
INSERT INTO payments_order_line (
    region_code, order_id, bill_id, place, scheme_code, due_from, due_until, amount_fen, assistance_fen
)
SELECT
    %(region_code)s, opened.id, bill.id, 1, bill.scheme_code, bill.due_from, bill.due_until, bill.personal_fen,
    bill.assistance_fen
FROM unnest(%(order_ids)s::uuid[], %(bill_ids)s::uuid[]) AS opened (id, bill_id)
JOIN billing_bill AS bill ON bill.region_code = %(region_code)s AND bill.id = opened.bill_id
