-- The current statements of the other days on which we have payments that these lines tell of.
-- Reads reconciliation_line by primary key, payments_public_capture by payments_capture_trade, reconciliation_statement by
-- reconciliation_statement_current.
-- Batch: line numbers in; one row out per statement.
SELECT DISTINCT version.id
FROM reconciliation_line AS line
JOIN payments_public_capture AS capture
    ON capture.region_code = %(region_code)s
    AND capture.channel_code = %(channel_code)s
    AND capture.trade_ref = line.trade_ref
JOIN reconciliation_statement AS version
    ON version.region_code = %(region_code)s
    AND version.channel_code = %(channel_code)s
    AND version.kind = 'trades'
    AND version.is_current
    AND version.day_on = (capture.happened_at AT TIME ZONE 'Asia/Shanghai')::date
WHERE line.region_code = %(region_code)s
    AND line.statement_id = %(statement_id)s
    AND line.line_no = ANY(%(among)s::integer[])
    AND line.kind = 'payment'
    AND version.day_on <> %(day_on)s
ORDER BY version.id
