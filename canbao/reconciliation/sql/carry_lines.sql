-- Lines of a statement that our books have on the neighbour day are carried there; answers their subjects.
-- Writes reconciliation_difference. Relies on reconciliation_diff_standing.
UPDATE reconciliation_difference AS told
SET heal = 'carried', healed_at = %(now)s
WHERE told.region_code = %(region_code)s
    AND told.statement_id = %(statement_id)s
    AND told.healed_at IS NULL
    AND told.verdict = 'other_day'
    AND told.ours_on BETWEEN %(day_on)s::date - 1 AND %(day_on)s::date + 1
RETURNING told.statement_id, told.subject
