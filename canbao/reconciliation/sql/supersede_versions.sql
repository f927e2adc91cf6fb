-- The versions that count no more, because a newer one of the same day takes their place; answers which.
-- Writes reconciliation_statement. Relies on reconciliation_statement_current.
UPDATE reconciliation_statement
SET is_current = FALSE
WHERE region_code = %(region_code)s
    AND channel_code = %(channel_code)s
    AND kind = %(kind)s
    AND day_on = %(day_on)s
    AND is_current
    AND id <> %(statement_id)s
RETURNING id
