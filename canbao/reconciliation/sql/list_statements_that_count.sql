-- Of these days, the statements that count and are done with: trades that were matched, funds that were loaded.
-- Reads reconciliation_statement. Relies on reconciliation_statement_current. At most one row per day and kind.
SELECT day_on, kind, digest, received_at
FROM reconciliation_statement
WHERE region_code = %(region_code)s
    AND channel_code = %(channel_code)s
    AND day_on = ANY(%(days)s::date[])
    AND is_current
    AND (kind = 'funds' OR state = 'matched')
ORDER BY day_on, kind
