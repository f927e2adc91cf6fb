-- The newest papers with the digests they must have.
-- Reads documents_voucher, documents_voucher_pdf. Writes nothing.
-- Batch: one region; at most %(limit)s rows out.
-- Index: the primary keys of both, from their end: ids are made in the order of time.
SELECT voucher.id, voucher.pdf_sm3, paper.sealed
FROM documents_voucher AS voucher
JOIN documents_voucher_pdf AS paper ON paper.region_code = voucher.region_code AND paper.id = voucher.id
WHERE voucher.region_code = %(region_code)s
ORDER BY voucher.id DESC
LIMIT %(limit)s
