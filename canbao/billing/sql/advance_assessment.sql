-- Note how far a run has come and what it has counted; end it where its state says so.
-- Reads and writes billing_assessment.
-- Batch: one run held by this transaction; one row touched.
-- Index: the primary key of billing_assessment.
UPDATE billing_assessment AS run
SET after_person_id = COALESCE(%(after_person_id)s::uuid, run.after_person_id),
    counts = COALESCE(%(counts)s::jsonb, run.counts),
    state = %(state)s,
    finished_at = %(finished_at)s::timestamptz
WHERE run.region_code = %(region_code)s
  AND run.id = %(assessment_id)s
  AND run.state = ANY(%(sources)s::text[])
