-- A payment case becomes a discrepancy, under its own number and since its own time, when somebody takes it.
-- Writes reconciliation_discrepancy: at most one row. Reads payments_public_case by primary key.
INSERT INTO reconciliation_discrepancy (
    region_code, id, matter_id, generation, case_no, kind, detail, channel_code, order_no, trade_ref, refund_no,
    amount_fen, ours, theirs, digest, state, owner, act, reason, limit_fen, proposed_by, approved_by, opened_at,
    move_count
)
SELECT
    found.region_code, found.case_id, found.case_id, 1, found.case_no, 'case', found.kind, '', found.order_no, '', '',
    found.amount_fen, found.expected, found.found, ''::bytea, 'open', '', '', '', 0, '', '', found.opened_at, 1
FROM payments_public_case AS found
WHERE found.region_code = %(region_code)s
    AND found.case_no = %(case_no)s
    AND found.state = 'open'
ON CONFLICT DO NOTHING
RETURNING id
