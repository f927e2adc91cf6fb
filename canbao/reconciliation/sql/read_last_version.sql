-- The number of the newest version of a day's statement; no row when there is none.
-- Reads reconciliation_statement. Relies on reconciliation_statement_version.
SELECT version_no
FROM reconciliation_statement
WHERE region_code = %(region_code)s AND channel_code = %(channel_code)s AND kind = %(kind)s AND day_on = %(day_on)s
ORDER BY version_no DESC
LIMIT 1
