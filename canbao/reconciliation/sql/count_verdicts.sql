-- How often each verdict was given that is no match, and how often such a difference was healed, and how.
-- Reads reconciliation_difference by the head of its primary key.
SELECT kind, verdict, heal, line_no IS NOT NULL AS is_line, count(*)::integer AS count
FROM reconciliation_difference
WHERE region_code = %(region_code)s AND statement_id = %(statement_id)s
GROUP BY kind, verdict, heal, line_no IS NOT NULL
ORDER BY kind, verdict, heal
