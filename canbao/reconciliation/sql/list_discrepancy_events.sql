-- The moves of a discrepancy in their order. By primary key.
SELECT move_no, event, target, actor, cause, recorded_at
FROM reconciliation_discrepancy_event
WHERE region_code = %(region_code)s AND discrepancy_id = %(discrepancy_id)s
ORDER BY move_no
