-- Matters that are none any more: what stands of them ends.
-- Writes reconciliation_discrepancy: at most one row per matter. Relies on reconciliation_discrepancy_matter.
UPDATE reconciliation_discrepancy
SET state = %(target)s,
    ended_at = %(now)s,
    move_count = move_count + 1
WHERE region_code = %(region_code)s
    AND matter_id = ANY(%(matter_ids)s::uuid[])
    AND state = ANY(%(sources)s::text[])
RETURNING id AS discrepancy_id, state, move_count
