-- A statement, whole. Reads reconciliation_statement by primary key.
SELECT
    id AS statement_id, channel_code, kind, day_on, version_no, digest, size_bytes, source, state, is_current, merchant_ref,
    app_ref, line_count, payment_count, payment_fen, refund_count, refund_fen, fee_milli_fen, failure_code,
    failure_params, received_at, loaded_at, matched_at
FROM reconciliation_statement
WHERE region_code = %(region_code)s AND id = %(statement_id)s
