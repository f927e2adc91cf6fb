-- Orders whose request an older key sealed, locked for re-sealing.
-- Reads and locks payments_order. Relies on payments_order_seal.
SELECT id, sealed
FROM payments_order
WHERE region_code = %(region_code)s AND sealed_key < %(current)s
ORDER BY id
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
