-- The version of a day's statement that has these bytes, if it was kept before.
-- Reads reconciliation_statement. Relies on reconciliation_statement_digest.
SELECT id
FROM reconciliation_statement
WHERE region_code = %(region_code)s
    AND channel_code = %(channel_code)s
    AND kind = %(kind)s
    AND day_on = %(day_on)s
    AND digest = %(digest)s
