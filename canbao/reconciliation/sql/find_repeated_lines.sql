-- Lines that say again what an earlier line of the same statement says: looked for among these lines, or among all where
-- `among` is null.
-- Reads reconciliation_line by primary key.
-- Batch: line numbers in; one row out per repetition.
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
    WHERE line.region_code = %(region_code)s
        AND line.statement_id = %(statement_id)s
        AND (%(among)s::integer[] IS NULL OR line.line_no = ANY(%(among)s::integer[]))
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
ORDER BY own.line_no
