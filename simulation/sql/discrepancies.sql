-- What stands before people because a statement says otherwise.
SELECT case_no, kind, detail, order_no, refund_no, state FROM reconciliation_discrepancy ORDER BY case_no
