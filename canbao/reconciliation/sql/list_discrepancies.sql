-- Discrepancies in some states, oldest first, the cases of payments that nobody took yet among them: one page.
-- Relies on reconciliation_disc_standing and payments_discrepancy_by_state.
SELECT
    id AS discrepancy_id, matter_id, case_no, kind, detail, channel_code, day_on, order_no, trade_ref, refund_no,
    amount_fen, ours, theirs, statement_id, line_no, state, owner, act, reason, limit_fen, proposed_by, approved_by, opened_at,
    proposed_at, ended_at
FROM reconciliation_discrepancy
WHERE region_code = %(region_code)s
    AND state = ANY(%(states)s::text[])
    AND (%(day_on)s::date IS NULL OR day_on = %(day_on)s::date)
    AND (%(order_no)s::text = '' OR order_no = %(order_no)s::text)
    AND (%(case_no)s::text = '' OR case_no = %(case_no)s::text)
UNION ALL
SELECT
    found.case_id, found.case_id, found.case_no, 'case', found.kind, '', NULL, found.order_no, '', '', found.amount_fen,
    found.expected, found.found, NULL, NULL, 'open', '', '', '', 0, '', '', found.opened_at, NULL, NULL
FROM payments_public_case AS found
WHERE found.region_code = %(region_code)s
    AND found.state = 'open'
    AND 'open' = ANY(%(states)s::text[])
    AND %(day_on)s::date IS NULL
    AND (%(order_no)s::text = '' OR found.order_no = %(order_no)s::text)
    AND (%(case_no)s::text = '' OR found.case_no = %(case_no)s::text)
    AND NOT EXISTS (
        SELECT FROM reconciliation_discrepancy AS adopted
        WHERE adopted.region_code = %(region_code)s AND adopted.id = found.case_id
    )
ORDER BY opened_at, case_no
LIMIT %(limit)s
