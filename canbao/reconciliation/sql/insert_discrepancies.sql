-- What does not fit, before people. Ids are derived, so the same matter told twice at once is one row.
-- Writes reconciliation_discrepancy: at most one row per input; answers those that were new.
INSERT INTO reconciliation_discrepancy (
    region_code, id, matter_id, generation, case_no, kind, detail, channel_code, day_on, order_no, trade_ref, refund_no,
    amount_fen, ours, theirs, digest, statement_id, line_no, state, owner, act, reason, limit_fen, proposed_by, approved_by,
    opened_at, move_count
)
SELECT
    %(region_code)s, raised.id, raised.matter_id, raised.generation, raised.case_no, raised.kind, raised.detail,
    raised.channel_code, raised.day_on, raised.order_no, raised.trade_ref, raised.refund_no, raised.amount_fen, raised.ours, raised.theirs,
    raised.digest, raised.statement_id, raised.line_no, 'open', '', '', '', 0, '', '',
    coalesce(raised.opened_at, %(now)s::timestamptz), 1
FROM unnest(
    %(ids)s::uuid[], %(matter_ids)s::uuid[], %(generations)s::smallint[], %(case_nos)s::text[], %(kinds)s::text[],
    %(details)s::text[],
    %(channel_codes)s::text[], %(days_on)s::date[], %(order_nos)s::text[], %(trade_refs)s::text[],
    %(refund_nos)s::text[], %(amounts_fen)s::bigint[], %(ours)s::text[], %(theirs)s::text[], %(digests)s::bytea[],
    %(statement_ids)s::uuid[], %(line_nos)s::integer[], %(opened_ats)s::timestamptz[]
) AS raised (
    id, matter_id, generation, case_no, kind, detail, channel_code, day_on, order_no, trade_ref, refund_no, amount_fen,
    ours, theirs, digest, statement_id, line_no, opened_at
)
ON CONFLICT DO NOTHING
RETURNING id
