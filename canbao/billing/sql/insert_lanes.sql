-- Cut a run that begins into lanes.
-- Reads nothing. Writes billing_assessment_lane.
-- Batch: two arrays of ids, the bounds of each lane; one row written per lane.
-- Index: the primary key of billing_assessment_lane.
INSERT INTO billing_assessment_lane (
    region_code, assessment_id, lane_no, after_person_id, last_person_id, is_done, counts
)
SELECT
    %(region_code)s, %(assessment_id)s::uuid, (lane.place - 1)::smallint, lane.after_person_id, lane.last_person_id, FALSE,
    %(counts)s::jsonb
FROM unnest(%(after_person_ids)s::uuid[], %(last_person_ids)s::uuid[])
    WITH ORDINALITY AS lane (after_person_id, last_person_id, place)
