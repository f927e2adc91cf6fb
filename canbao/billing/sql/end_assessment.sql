-- Finish or supersede a run.
-- Reads and writes billing_assessment.
-- Batch: one run; no row touched where it does not run any more.
-- Index: the primary key of billing_assessment.
UPDATE billing_assessment AS run
SET state = %(state)s,
    finished_at = %(finished_at)s::timestamptz
WHERE run.region_code = %(region_code)s
  AND run.id = %(assessment_id)s
  AND run.state = ANY(%(sources)s::text[])
