-- Begin to count what is spoken for of captures; those that are counted already stay as they are and do not come back.
-- Reads payments_capture by primary key. Writes payments_refund_total: at most one row per input.
INSERT INTO payments_refund_total (region_code, capture_id, captured_fen, claimed_fen)
SELECT took.region_code, took.id, took.amount_fen, 0
FROM payments_capture AS took
WHERE took.region_code = %(region_code)s AND took.id = ANY(%(capture_ids)s::uuid[])
ORDER BY took.id
ON CONFLICT DO NOTHING
RETURNING capture_id
