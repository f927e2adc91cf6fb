-- Keep a new voucher, unless one of this subject is in force.
-- Writes documents_voucher. Reads nothing.
-- Batch: one voucher; touches one row, or none when another download was first (it is waited for).
-- Index: documents_voucher_one_in_force and documents_voucher_one_per_no are the guards.
INSERT INTO documents_voucher (
    region_code, id, voucher_no, subject_kind, subject_id, state, sealed, sealed_key, pdf_sm3, total_fen, issued_at, void_reason, recorded_at
)
VALUES (
    %(region_code)s, %(voucher_id)s::uuid, %(voucher_no)s, %(subject_kind)s, %(subject_id)s::uuid, %(state)s,
    %(sealed)s, %(sealed_key)s, %(pdf_sm3)s, %(total_fen)s, %(now)s, '', %(now)s
)
ON CONFLICT DO NOTHING
