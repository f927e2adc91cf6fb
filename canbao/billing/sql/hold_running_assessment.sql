-- Hold the running assessment of a scheme and year: nobody makes a page of it, ends it or begins another meanwhile.
-- Reads and locks billing_assessment. Writes nothing.
-- Batch: at most one row out.
-- Index: billing_assessment_one_running.
SELECT run.id AS assessment_id, run.assessed_on, run.policy_version_id
FROM billing_assessment AS run
WHERE run.region_code = %(region_code)s
  AND run.scheme_code = %(scheme_code)s
  AND run.insured_year = %(insured_year)s
  AND run.state = 'running'
FOR UPDATE
