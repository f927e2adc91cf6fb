-- One order, if it is still asked about (live, or ended unpaid not long ago) and nobody asked just now.
-- Reads and locks payments_order by primary key.
SELECT id
FROM payments_order
WHERE region_code = %(region_code)s AND id = %(order_id)s AND next_ask_at IS NOT NULL
    AND (asked_at IS NULL OR asked_at <= %(not_since)s)
FOR NO KEY UPDATE SKIP LOCKED
