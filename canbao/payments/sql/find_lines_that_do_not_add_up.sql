-- Orders whose lines do not add up to their amount.
-- Reads payments_order and payments_order_line by the heads of their primary keys.
SELECT asked.order_no, asked.amount_fen, coalesce(sum(line.amount_fen), 0)::bigint AS lines_fen
FROM payments_order AS asked
LEFT JOIN payments_order_line AS line
    ON line.region_code = %(region_code)s AND line.order_id = asked.id
WHERE asked.region_code = %(region_code)s
GROUP BY asked.id, asked.order_no, asked.amount_fen
HAVING coalesce(sum(line.amount_fen), 0) <> asked.amount_fen
ORDER BY asked.order_no
LIMIT %(limit)s
