-- Papers of vouchers under the current key.
-- Writes documents_voucher_pdf. Reads nothing else.
-- Batch: ids held before by hold_old_papers, each once, with their new seals; touches each once.
-- Index: the primary key of documents_voucher_pdf.
UPDATE documents_voucher_pdf AS kept
SET sealed = fresh.sealed, sealed_key = %(current)s
FROM unnest(%(ids)s::uuid[], %(seals)s::bytea[]) AS fresh (id, sealed)
WHERE kept.region_code = %(region_code)s
  AND kept.id = fresh.id
