-- Hold what is spoken for of captures until the transaction ends, in key order.
-- Reads and locks payments_refund_total by primary key.
SELECT capture_id
FROM payments_refund_total
WHERE region_code = %(region_code)s AND capture_id = ANY(%(capture_ids)s::uuid[])
ORDER BY capture_id
FOR NO KEY UPDATE
