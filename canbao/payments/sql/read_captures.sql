-- Captures recorded earlier under these transactions.
-- Reads payments_capture by primary key.
SELECT id AS capture_id, order_no, amount_fen
FROM payments_capture
WHERE region_code = %(region_code)s AND id = ANY(%(capture_ids)s::uuid[])
