-- What a run has counted, running or not.
-- Reads billing_assessment. Writes nothing.
-- Batch: one run; at most one row out.
-- Index: the primary key of billing_assessment.
SELECT run.state, run.counts
FROM billing_assessment AS run
WHERE run.region_code = %(region_code)s
  AND run.id = %(assessment_id)s
