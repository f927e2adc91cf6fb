-- The voucher of a subject, with its sealed paper: the one in force, else the newest of the voided ones.
-- Reads documents_voucher, documents_voucher_pdf. Writes nothing.
-- Batch: one subject; one row out, or none.
-- Index: documents_voucher_by_subject, then the primary key of documents_voucher_pdf.
SELECT
    voucher.id, voucher.voucher_no, voucher.subject_kind, voucher.subject_id, voucher.state, voucher.issued_at,
    voucher.voided_at, paper.sealed AS sealed_pdf
FROM documents_voucher AS voucher
JOIN documents_voucher_pdf AS paper ON paper.region_code = voucher.region_code AND paper.id = voucher.id
WHERE voucher.region_code = %(region_code)s
  AND voucher.subject_id = %(subject_id)s::uuid
ORDER BY voucher.state = 'issued' DESC, voucher.issued_at DESC, voucher.id DESC
LIMIT 1
