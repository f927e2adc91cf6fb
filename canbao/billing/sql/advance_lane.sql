-- Note how far a lane has come and what it has counted, or that nobody is left in it.
-- Reads and writes billing_assessment_lane.
-- Batch: one lane held by this transaction; one row touched.
-- Index: the primary key of billing_assessment_lane.
UPDATE billing_assessment_lane AS lane
SET after_person_id = COALESCE(%(after_person_id)s::uuid, lane.after_person_id),
    counts = %(counts)s::jsonb,
    is_done = %(is_done)s
WHERE lane.region_code = %(region_code)s
  AND lane.assessment_id = %(assessment_id)s
  AND lane.lane_no = %(lane_no)s
