-- What stands before people, and what became of it.
SELECT case_no, kind, detail, order_no, refund_no, state, act, proposed_by, approved_by
FROM reconciliation_discrepancy ORDER BY case_no
