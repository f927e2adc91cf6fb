-- Moves of discrepancies, for their history, each with the number that its discrepancy counted when it moved.
-- Writes reconciliation_discrepancy_event: one row per move; its primary key is the guard.
INSERT INTO reconciliation_discrepancy_event (
    region_code, discrepancy_id, move_no, event, target, actor, cause, recorded_at
)
SELECT %(region_code)s, move.discrepancy_id, move.move_no, move.event, move.target, move.actor, move.cause, %(now)s
FROM unnest(
    %(discrepancy_ids)s::uuid[], %(move_nos)s::integer[], %(events)s::text[], %(targets)s::text[], %(actors)s::text[],
    %(causes)s::text[]
) AS move (discrepancy_id, move_no, event, target, actor, cause)
