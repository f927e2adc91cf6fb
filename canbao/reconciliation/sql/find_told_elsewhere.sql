-- Lines that a statement of another day tells of as something that fits there: payments that we have on that day, looked for in
-- the statements of those days only (list_other_days), and refunds, wherever they are told of.
-- A line that stands on the other day as a repetition itself does not count.
-- Reads reconciliation_line by primary key and by reconciliation_line_refund, reconciliation_statement,
-- reconciliation_difference by primary key.
-- Batch: line numbers in; one row out per repetition.
SELECT line.line_no
FROM reconciliation_line AS line
JOIN payments_public_capture AS capture
    ON capture.region_code = %(region_code)s
    AND capture.channel_code = %(channel_code)s
    AND capture.trade_ref = line.trade_ref
    AND (capture.happened_at < %(day_from)s OR capture.happened_at >= %(day_until)s)
JOIN reconciliation_line AS other
    ON other.region_code = %(region_code)s
    AND other.statement_id = ANY(%(elsewhere)s::uuid[])
    AND other.trade_ref = line.trade_ref
    AND other.kind = 'payment'
WHERE line.region_code = %(region_code)s
    AND line.statement_id = %(statement_id)s
    AND line.line_no = ANY(%(among)s::integer[])
    AND line.kind = 'payment'
    AND NOT EXISTS (
        SELECT FROM reconciliation_difference AS again
        WHERE again.region_code = %(region_code)s
            AND again.statement_id = other.statement_id
            AND again.subject = 'line:' || other.line_no
            AND again.verdict = 'duplicate_line'
    )
UNION
SELECT line.line_no
FROM reconciliation_line AS line
JOIN reconciliation_line AS other
    ON other.region_code = %(region_code)s
    AND other.trade_ref = line.trade_ref
    AND other.kind = 'refund'
    AND other.refund_ref = line.refund_ref
    AND other.refund_no = line.refund_no
    AND other.statement_id <> %(statement_id)s
JOIN reconciliation_statement AS version
    ON version.region_code = %(region_code)s
    AND version.id = other.statement_id
    AND version.is_current
    AND version.channel_code = %(channel_code)s
    AND version.day_on <> %(day_on)s
WHERE line.region_code = %(region_code)s
    AND line.statement_id = %(statement_id)s
    AND line.line_no = ANY(%(among)s::integer[])
    AND line.kind = 'refund'
    AND line.trade_ref <> ''
    AND NOT EXISTS (
        SELECT FROM reconciliation_difference AS again
        WHERE again.region_code = %(region_code)s
            AND again.statement_id = other.statement_id
            AND again.subject = 'line:' || other.line_no
            AND again.verdict = 'duplicate_line'
    )
