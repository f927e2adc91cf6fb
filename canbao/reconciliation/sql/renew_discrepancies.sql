-- What each side says now of discrepancies that stand, or stand again: those that were healed open anew.
-- A resolution that was proposed on the old words waits no longer: its owner looks again.
-- Writes reconciliation_discrepancy by primary key; answers each with its state and its count of moves.
UPDATE reconciliation_discrepancy AS standing
SET kind = renewed.kind,
    amount_fen = renewed.amount_fen,
    ours = renewed.ours,
    theirs = renewed.theirs,
    digest = renewed.digest,
    statement_id = renewed.statement_id,
    line_no = renewed.line_no,
    state = CASE standing.state WHEN 'healed' THEN 'open' WHEN 'proposed' THEN 'taken' ELSE standing.state END,
    owner = CASE standing.state WHEN 'healed' THEN '' ELSE standing.owner END,
    act = '',
    reason = '',
    proposed_by = '',
    proposed_at = NULL,
    ended_at = NULL,
    move_count = standing.move_count + 1
FROM unnest(
    %(ids)s::uuid[], %(kinds)s::text[], %(amounts_fen)s::bigint[], %(ours)s::text[], %(theirs)s::text[],
    %(digests)s::bytea[], %(statement_ids)s::uuid[], %(line_nos)s::integer[]
) AS renewed (id, kind, amount_fen, ours, theirs, digest, statement_id, line_no)
WHERE standing.region_code = %(region_code)s
    AND standing.id = renewed.id
    AND standing.state <> 'resolved'
RETURNING standing.id AS discrepancy_id, standing.state, standing.move_count
