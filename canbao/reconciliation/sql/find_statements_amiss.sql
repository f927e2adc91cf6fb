-- Statements whose lines are not as many as they count, whose last move does not lead to their state, and lines that
-- belong to no statement.
-- Reads reconciliation_statement, reconciliation_statement_event, reconciliation_line, reconciliation_fund_line.
SELECT
    coalesce(kept.id, counted.statement_id) AS statement_id,
    coalesce(kept.state, 'no statement') || ', ' || coalesce(kept.line_count, 0) || ' lines' AS expected,
    coalesce(told.target, 'no move') || ', ' || coalesce(counted.line_count, 0) || ' lines' AS found
FROM (
    SELECT own.id, own.state, own.line_count, own.move_count
    FROM reconciliation_statement AS own
    WHERE own.region_code = %(region_code)s
) AS kept
LEFT JOIN LATERAL (
    SELECT event.target, event.move_no
    FROM reconciliation_statement_event AS event
    WHERE event.region_code = %(region_code)s AND event.statement_id = kept.id
    ORDER BY event.move_no DESC
    LIMIT 1
) AS told ON TRUE
FULL JOIN (
    SELECT lines.statement_id, sum(lines.line_count)::integer AS line_count
    FROM (
        SELECT line.statement_id, count(*) AS line_count
        FROM reconciliation_line AS line
        WHERE line.region_code = %(region_code)s
        GROUP BY line.statement_id
        UNION ALL
        SELECT flow.statement_id, count(*) AS line_count
        FROM reconciliation_fund_line AS flow
        WHERE flow.region_code = %(region_code)s
        GROUP BY flow.statement_id
    ) AS lines
    GROUP BY lines.statement_id
) AS counted ON counted.statement_id = kept.id
WHERE kept.id IS NULL
    OR kept.line_count <> coalesce(counted.line_count, 0)
    OR kept.state IS DISTINCT FROM told.target
    OR kept.move_count IS DISTINCT FROM told.move_no
ORDER BY 1
LIMIT %(limit)s
