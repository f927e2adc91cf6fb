-- Void vouchers that are held and still issued.
-- Writes documents_voucher. Reads nothing else.
-- Batch: voucher ids, held before by hold_vouchers; touches each once.
-- Index: the primary key of documents_voucher.
UPDATE documents_voucher AS voucher
SET state = %(target)s, voided_at = %(now)s, void_reason = %(reason)s
WHERE voucher.region_code = %(region_code)s
  AND voucher.id = ANY(%(voucher_ids)s::uuid[])
  AND voucher.state = ANY(%(sources)s::text[])
