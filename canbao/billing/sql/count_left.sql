-- How many enrolments a run has still to look at: the length of the progress bar.
-- Reads registry_public_enrolled, billing_assessment_lane. Writes nothing.
-- Batch: the lanes of one run that are not done; one row out.
-- Index: the registry's index on (region_code, person_id) of its enrolments.
SELECT count(*)::bigint AS left_count
FROM billing_assessment_lane AS lane
JOIN registry_public_enrolled AS enrolled
    ON enrolled.region_code = %(region_code)s
   AND enrolled.person_id > lane.after_person_id
   AND enrolled.person_id <= lane.last_person_id
WHERE lane.region_code = %(region_code)s
  AND lane.assessment_id = %(assessment_id)s
  AND NOT lane.is_done
  AND enrolled.scheme_code = %(scheme_code)s
