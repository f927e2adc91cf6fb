-- Keep a run running until this transaction ends: its pages are made side by side, and whoever would end it waits for them.
-- Reads and locks billing_assessment. Writes nothing.
-- Batch: one run; no row out where it does not run any more.
-- Index: the primary key of billing_assessment.
SELECT run.id
FROM billing_assessment AS run
WHERE run.region_code = %(region_code)s
  AND run.id = %(assessment_id)s
  AND run.state = 'running'
FOR SHARE
