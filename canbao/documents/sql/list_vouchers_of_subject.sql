-- Every voucher of a subject, void or not, without what it says.
-- Reads documents_voucher. Writes nothing.
-- Batch: one subject; one row out per voucher, in the order of issue.
-- Index: documents_voucher_by_subject.
SELECT voucher.voucher_no, voucher.state, voucher.issued_at, voucher.voided_at, voucher.void_reason
FROM documents_voucher AS voucher
WHERE voucher.region_code = %(region_code)s
  AND voucher.subject_id = %(subject_id)s::uuid
ORDER BY voucher.issued_at, voucher.id
