-- What people have resolved: how, why and by whom.
SELECT case_no, act, reason, proposed_by, approved_by FROM reconciliation_discrepancy
WHERE state = 'resolved'
ORDER BY case_no
