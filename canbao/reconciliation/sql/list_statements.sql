-- Every version of a day's statements, of all kinds, the newest version first.
-- Reads reconciliation_statement. Relies on reconciliation_statement_version.
SELECT
    id AS statement_id, channel_code, kind, day_on, version_no, digest, size_bytes, source, state, is_current, merchant_ref,
    app_ref, line_count, payment_count, payment_fen, refund_count, refund_fen, fee_milli_fen, failure_code,
    failure_params, received_at, loaded_at, matched_at
FROM reconciliation_statement
WHERE region_code = %(region_code)s AND channel_code = %(channel_code)s AND day_on = %(day_on)s
ORDER BY kind DESC, version_no DESC
