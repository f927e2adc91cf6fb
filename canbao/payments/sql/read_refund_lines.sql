-- The bills that a refund is about, in the order they were listed. Reads payments_refund_line by primary key.
SELECT bill_id, scheme_code, due_from, due_until, amount_fen, assistance_fen
FROM payments_refund_line
WHERE region_code = %(region_code)s AND refund_id = %(refund_id)s
ORDER BY place
