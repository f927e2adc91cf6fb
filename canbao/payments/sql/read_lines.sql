-- The lines of orders. Reads payments_order_line by the head of its primary key.
SELECT order_id, bill_id, scheme_code, due_from, due_until, amount_fen, assistance_fen
FROM payments_order_line
WHERE region_code = %(region_code)s AND order_id = ANY(%(order_ids)s::uuid[])
ORDER BY order_id, place
