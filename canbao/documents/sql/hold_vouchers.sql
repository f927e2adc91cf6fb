-- Hold the vouchers of subjects, void or not.
-- Reads and locks documents_voucher, in the order of ids. Writes nothing.
-- Batch: subject ids; one row out per voucher there is.
-- Index: documents_voucher_by_subject.
SELECT voucher.id, voucher.subject_id, voucher.state
FROM documents_voucher AS voucher
WHERE voucher.region_code = %(region_code)s
  AND voucher.subject_id = ANY(%(subject_ids)s::uuid[])
ORDER BY voucher.id
FOR UPDATE
