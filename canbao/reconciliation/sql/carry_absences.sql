-- What was absent from another day's statement and is told of by this one is carried here; answers which.
-- Writes reconciliation_difference. Reads reconciliation_line by the head of its primary key, reconciliation_statement.
UPDATE reconciliation_difference AS missed
SET heal = 'carried', healed_at = %(now)s
FROM reconciliation_statement AS other
JOIN reconciliation_line AS line
    ON line.region_code = %(region_code)s
    AND line.statement_id = %(statement_id)s
WHERE missed.region_code = %(region_code)s
    AND missed.healed_at IS NULL
    AND missed.line_no IS NULL
    AND missed.trade_ref <> ''
    AND missed.statement_id <> %(statement_id)s
    AND other.region_code = %(region_code)s
    AND other.id = missed.statement_id
    AND other.is_current
    AND other.channel_code = %(channel_code)s
    AND line.trade_ref = missed.trade_ref
    AND line.kind = missed.kind
    AND line.refund_no = missed.refund_no
RETURNING missed.statement_id, missed.subject
