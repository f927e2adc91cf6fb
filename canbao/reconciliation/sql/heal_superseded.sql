-- What stood of versions that count no more stands no longer; answers which.
-- Writes reconciliation_difference. Relies on reconciliation_diff_standing.
UPDATE reconciliation_difference
SET heal = 'superseded', healed_at = %(now)s
WHERE region_code = %(region_code)s AND statement_id = ANY(%(statement_ids)s::uuid[]) AND healed_at IS NULL
RETURNING statement_id, subject
