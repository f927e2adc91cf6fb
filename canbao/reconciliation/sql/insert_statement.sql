-- A statement as it was received. Its pieces follow in the same transaction.
-- Writes reconciliation_statement: one row. reconciliation_statement_digest is the guard.
INSERT INTO reconciliation_statement (
    region_code, id, channel_code, kind, day_on, version_no, digest, size_bytes, source, state, is_current, merchant_ref,
    app_ref, line_count, payment_count, payment_fen, refund_count, refund_fen, fee_milli_fen, failure_code,
    failure_params, received_at, move_count
) VALUES (
    %(region_code)s, %(statement_id)s, %(channel_code)s, %(kind)s, %(day_on)s, %(version_no)s, %(digest)s, %(size_bytes)s,
    %(source)s, %(state)s, FALSE, '', '', 0, 0, 0, 0, 0, 0, '', '{}', %(now)s, 1
)
