-- The number of the version of a day's statement that counts, if one does.
-- Reads reconciliation_statement. Relies on reconciliation_statement_current.
SELECT version_no
FROM reconciliation_statement
WHERE region_code = %(region_code)s
    AND channel_code = %(channel_code)s
    AND kind = %(kind)s
    AND day_on = %(day_on)s
    AND is_current
