-- Differences of a statement that were found to be none any more just now.
-- Reads reconciliation_difference by the head of its primary key.
SELECT statement_id, subject
FROM reconciliation_difference
WHERE region_code = %(region_code)s AND statement_id = %(statement_id)s AND heal = 'agreed' AND healed_at = %(now)s
ORDER BY subject
