-- Keep which bills a voucher that was just kept names, in its order.
-- Writes documents_voucher_line. Reads nothing.
-- Batch: bill ids with amounts, each bill once; touches one row each.
-- Index: the primary key of documents_voucher_line; documents_voucher_line_bill_once refuses a bill that is named twice.
INSERT INTO documents_voucher_line (region_code, voucher_id, place, bill_id, paid_fen)
SELECT %(region_code)s, %(voucher_id)s::uuid, named.place, named.bill_id, named.paid_fen
FROM unnest(%(bill_ids)s::uuid[], %(paid_fens)s::bigint[]) WITH ORDINALITY AS named (bill_id, paid_fen, place)
