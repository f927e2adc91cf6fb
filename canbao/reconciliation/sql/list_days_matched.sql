-- Of these days, those whose trade statement was matched.
-- Reads reconciliation_statement. Relies on reconciliation_statement_current.
SELECT day_on
FROM reconciliation_statement
WHERE region_code = %(region_code)s
    AND channel_code = %(channel_code)s
    AND kind = 'trades'
    AND day_on = ANY(%(days)s::date[])
    AND is_current
    AND state = 'matched'
ORDER BY day_on
