-- Settled orders without exactly one credited capture of their amount, and credited captures of orders not settled.
-- Reads payments_order by its primary key and payments_capture by payments_capture_credited.
SELECT asked.order_no, asked.state, asked.amount_fen, coalesce(took.amount_fen, 0)::bigint AS captured_fen
FROM payments_order AS asked
LEFT JOIN payments_capture AS took
    ON took.region_code = %(region_code)s AND took.order_id = asked.id AND took.disposition = 'credited'
WHERE asked.region_code = %(region_code)s
    AND (asked.state = 'settled') IS DISTINCT FROM (took.amount_fen IS NOT DISTINCT FROM asked.amount_fen)
ORDER BY asked.order_no
LIMIT %(limit)s
