-- Lines of a statement that do not fit and were judged just now.
-- Reads reconciliation_difference by reconciliation_diff_standing.
-- Batch: one statement in; one row out per line.
SELECT statement_id, subject
FROM reconciliation_difference
WHERE region_code = %(region_code)s
    AND statement_id = %(statement_id)s
    AND healed_at IS NULL
    AND line_no IS NOT NULL
    AND judged_at = %(now)s
ORDER BY subject
