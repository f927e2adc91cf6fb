-- Lines that say again what another line says: all but the first of a statement, and those that another day's statement
-- told of already as something that did not fit that day.
-- Reads reconciliation_line by the head of its primary key and by reconciliation_line_trade, reconciliation_difference,
-- reconciliation_statement.
WITH own AS (
    SELECT
        line.line_no,
        line.kind,
        CASE
            WHEN line.kind = 'payment' THEN line.trade_ref
            WHEN line.refund_ref <> '' THEN line.refund_ref
            ELSE line.refund_no
        END AS said
    FROM reconciliation_line AS line
    WHERE line.region_code = %(region_code)s AND line.statement_id = %(statement_id)s
),

twice AS (
    SELECT own.kind, own.said, min(own.line_no) AS first_no
    FROM own
    WHERE own.said <> ''
    GROUP BY own.kind, own.said
    HAVING count(*) > 1
)

SELECT own.line_no
FROM own
JOIN twice ON twice.kind = own.kind AND twice.said = own.said
WHERE own.line_no > twice.first_no
UNION
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
ORDER BY line_no
