-- Keep the sealed paper of a voucher that was just kept.
-- Writes documents_voucher_pdf. Reads nothing.
-- Batch: one paper; touches one row.
-- Index: the primary key of documents_voucher_pdf.
INSERT INTO documents_voucher_pdf (region_code, id, sealed, sealed_key, recorded_at)
VALUES (%(region_code)s, %(voucher_id)s::uuid, %(sealed)s, %(sealed_key)s, %(now)s)
