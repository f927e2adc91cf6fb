-- The lanes of a run: what each has counted, and whether it is done.
-- Reads billing_assessment_lane. Writes nothing.
-- Batch: one run; one row out per lane.
-- Index: the primary key of billing_assessment_lane.
SELECT lane.is_done, lane.counts
FROM billing_assessment_lane AS lane
WHERE lane.region_code = %(region_code)s
  AND lane.assessment_id = %(assessment_id)s
ORDER BY lane.lane_no
