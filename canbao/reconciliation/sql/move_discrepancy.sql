-- Move a discrepancy along an edge by what a person did, if it stands in one of the edge's sources.
-- Writes reconciliation_discrepancy by primary key: at most one row.
UPDATE reconciliation_discrepancy
SET state = %(target)s::text,
    move_count = move_count + 1,
    owner = CASE WHEN %(event)s::text IN ('take', 'hand_over') THEN %(actor)s::text ELSE owner END,
    act = CASE
        WHEN %(event)s::text IN ('propose', 'settle') THEN %(act)s::text
        WHEN %(event)s::text = 'send_back' THEN ''
        ELSE act
    END,
    reason = CASE
        WHEN %(event)s::text IN ('propose', 'settle') THEN %(cause)s::text
        WHEN %(event)s::text = 'send_back' THEN ''
        ELSE reason
    END,
    limit_fen = CASE WHEN %(event)s::text IN ('propose', 'settle') THEN %(limit_fen)s::bigint ELSE limit_fen END,
    proposed_by = CASE
        WHEN %(event)s::text IN ('propose', 'settle') THEN %(actor)s::text
        WHEN %(event)s::text = 'send_back' THEN ''
        ELSE proposed_by
    END,
    proposed_at = CASE
        WHEN %(event)s::text IN ('propose', 'settle') THEN %(now)s::timestamptz
        WHEN %(event)s::text = 'send_back' THEN NULL
        ELSE proposed_at
    END,
    approved_by = CASE %(event)s::text WHEN 'approve' THEN %(actor)s::text ELSE approved_by END,
    ended_at = CASE WHEN %(target)s::text = 'resolved' THEN %(now)s::timestamptz ELSE ended_at END
WHERE region_code = %(region_code)s
    AND id = %(discrepancy_id)s
    AND state = ANY(%(sources)s::text[])
RETURNING id AS discrepancy_id, state, move_count
