-- The bills that a refund is about.
-- Writes payments_refund_line: one row per input.
INSERT INTO payments_refund_line (
    region_code, refund_id, bill_id, place, scheme_code, due_from, due_until, amount_fen, assistance_fen
)
SELECT
    %(region_code)s, %(refund_id)s, line.bill_id, line.place, line.scheme_code, line.due_from, line.due_until,
    line.amount_fen, line.assistance_fen
FROM unnest(
    %(bill_ids)s::uuid[], %(scheme_codes)s::text[], %(due_froms)s::integer[], %(due_untils)s::integer[],
    %(amounts_fen)s::bigint[], %(assistances_fen)s::bigint[]
) WITH ORDINALITY AS line (bill_id, scheme_code, due_from, due_until, amount_fen, assistance_fen, place)
