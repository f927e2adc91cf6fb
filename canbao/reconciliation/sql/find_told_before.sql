-- Lines of a statement, whatever they say, that the current statement of another day told of as something that did not fit
-- there.
-- Reads reconciliation_line by the head of its primary key, reconciliation_difference, reconciliation_statement.
-- Batch: one statement in; one row out per repetition.
SELECT line.line_no
FROM reconciliation_difference AS told
JOIN reconciliation_statement AS other
    ON other.region_code = %(region_code)s
    AND other.id = told.statement_id
    AND other.is_current
    AND other.channel_code = %(channel_code)s
    AND other.day_on <> %(day_on)s
JOIN reconciliation_line AS line
    ON line.region_code = %(region_code)s
    AND line.trade_ref = told.trade_ref
    AND line.kind = told.kind
    AND line.refund_ref = told.refund_ref
    AND line.refund_no = told.refund_no
WHERE told.region_code = %(region_code)s
    AND told.statement_id <> %(statement_id)s
    AND told.line_no IS NOT NULL
    AND told.verdict <> 'duplicate_line'
    AND line.statement_id = %(statement_id)s
ORDER BY line.line_no
