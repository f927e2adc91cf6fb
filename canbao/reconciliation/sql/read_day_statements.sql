-- The statements of a day that count: the matched list of trades, and the loaded list of funds.
-- Relies on reconciliation_statement_current.
SELECT id AS statement_id, kind, digest, payment_count, payment_fen, refund_count, refund_fen
FROM reconciliation_statement
WHERE region_code = %(region_code)s
    AND channel_code = %(channel_code)s
    AND day_on = %(day_on)s
    AND is_current
    AND (kind = 'trades' AND state = 'matched' OR kind = 'funds')
