-- The statements of some days that the nation keeps for everybody who shares a merchant at a channel: of each day and kind the
-- newest that could be read or was not tried yet, else the newest.
-- Reads reconciliation_statement of the nation. Relies on reconciliation_statement_version. One row per day and kind.
SELECT DISTINCT ON (kept.day_on, kept.kind)
    kept.id AS statement_id, kept.channel_code, kept.kind, kept.day_on, kept.version_no, kept.digest, kept.size_bytes,
    kept.source, kept.state, kept.is_current, kept.merchant_ref, kept.app_ref, kept.line_count, kept.payment_count,
    kept.payment_fen, kept.refund_count, kept.refund_fen, kept.fee_milli_fen, kept.failure_code, kept.failure_params,
    kept.received_at, kept.loaded_at, kept.matched_at
FROM reconciliation_statement AS kept
WHERE kept.region_code = %(region_code)s
    AND kept.channel_code = %(channel_code)s
    AND kept.day_on = ANY(%(days)s::date[])
    AND kept.merchant_ref IN ('', %(merchant_ref)s)
    AND kept.app_ref IN ('', %(app_ref)s)
ORDER BY kept.day_on, kept.kind, kept.state = 'failed', kept.version_no DESC
