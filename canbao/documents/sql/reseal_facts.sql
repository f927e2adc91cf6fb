-- Facts of vouchers under the current key.
-- Writes documents_voucher. Reads nothing else.
-- Batch: ids held before by hold_old_facts, each once, with their new seals; touches each once.
-- Index: the primary key of documents_voucher.
UPDATE documents_voucher AS kept
SET sealed = fresh.sealed, sealed_key = %(current)s
FROM unnest(%(ids)s::uuid[], %(seals)s::bytea[]) AS fresh (id, sealed)
WHERE kept.region_code = %(region_code)s
  AND kept.id = fresh.id
