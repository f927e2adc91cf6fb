-- The version of a day that counts.
-- Writes reconciliation_statement by primary key. reconciliation_statement_current is the guard.
UPDATE reconciliation_statement
SET is_current = TRUE
WHERE region_code = %(region_code)s AND id = %(statement_id)s AND NOT is_current
