-- A discrepancy, locked until the transaction ends. By primary key or number (reconciliation_discrepancy_number).
SELECT
    id AS discrepancy_id, matter_id, case_no, kind, detail, channel_code, day_on, order_no, trade_ref, refund_no,
    amount_fen, ours, theirs, statement_id, line_no, state, owner, act, reason, limit_fen, proposed_by, approved_by, opened_at,
    proposed_at, ended_at
FROM reconciliation_discrepancy
WHERE region_code = %(region_code)s AND case_no = %(case_no)s
FOR NO KEY UPDATE
