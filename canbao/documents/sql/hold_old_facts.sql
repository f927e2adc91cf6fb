-- Facts of vouchers that an older key sealed, held for re-sealing.
-- Reads and locks documents_voucher, skipping what another holds. Writes nothing.
-- Batch: one region; at most %(limit)s rows out.
-- Index: documents_voucher_by_key.
SELECT kept.id, kept.sealed
FROM documents_voucher AS kept
WHERE kept.region_code = %(region_code)s
  AND kept.sealed_key < %(current)s
ORDER BY kept.id
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
