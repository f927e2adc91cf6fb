-- What refunds have taken from bills: the negative records that name a refund.
-- Reads billing_bill. Writes nothing.
-- Batch: bill ids; one row out per record.
-- Index: billing_bill_refunded_once.
SELECT record.reverses_id AS bill_id, record.refund_id, -record.personal_fen AS amount_fen
FROM billing_bill AS record
WHERE record.region_code = %(region_code)s
  AND record.reverses_id = ANY(%(bill_ids)s::uuid[])
  AND record.refund_id IS NOT NULL
