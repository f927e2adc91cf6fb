-- The voucher of a number, with its sealed paper.
-- Reads documents_voucher, documents_voucher_pdf. Writes nothing.
-- Batch: one number; one row out, or none.
-- Index: documents_voucher_one_per_no, then the primary key of documents_voucher_pdf.
SELECT
    voucher.id, voucher.voucher_no, voucher.subject_kind, voucher.subject_id, voucher.state, voucher.issued_at,
    voucher.voided_at, paper.sealed AS sealed_pdf
FROM documents_voucher AS voucher
JOIN documents_voucher_pdf AS paper ON paper.region_code = voucher.region_code AND paper.id = voucher.id
WHERE voucher.region_code = %(region_code)s
  AND voucher.voucher_no = %(voucher_no)s
