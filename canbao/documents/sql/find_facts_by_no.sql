-- The sealed facts of a voucher, for its verification.
-- Reads documents_voucher. Writes nothing.
-- Batch: one number; one row out, or none.
-- Index: documents_voucher_one_per_no.
SELECT voucher.id, voucher.voucher_no, voucher.state, voucher.sealed, voucher.pdf_sm3, voucher.issued_at, voucher.voided_at
FROM documents_voucher AS voucher
WHERE voucher.region_code = %(region_code)s
  AND voucher.voucher_no = %(voucher_no)s
