-- Differences of a statement that went away; answers those that still stood.
-- Writes reconciliation_difference by primary key: one row per input.
UPDATE reconciliation_difference
SET heal = %(heal)s, healed_at = %(now)s
WHERE region_code = %(region_code)s
    AND statement_id = %(statement_id)s
    AND subject = ANY(%(subjects)s::text[])
    AND healed_at IS NULL
RETURNING statement_id, subject
