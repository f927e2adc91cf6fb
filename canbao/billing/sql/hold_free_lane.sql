-- Hold a lane of a run that nobody holds and that is not done: whoever holds it makes its next page.
-- Reads and locks billing_assessment_lane. Writes nothing.
-- Batch: one run; at most one row out.
-- Index: the primary key of billing_assessment_lane.
SELECT lane.lane_no, lane.after_person_id, lane.last_person_id, lane.counts
FROM billing_assessment_lane AS lane
WHERE lane.region_code = %(region_code)s
  AND lane.assessment_id = %(assessment_id)s
  AND NOT lane.is_done
ORDER BY lane.lane_no
LIMIT 1
FOR UPDATE SKIP LOCKED
