-- How many enrolments a scheme has: they decide how many lanes a run is cut into.
-- Reads registry_public_enrolled. Writes nothing.
-- Batch: one scheme; one row out.
-- Index: the registry's index on (region_code, person_id) of its enrolments.
SELECT count(*)::bigint AS enrolled_count
FROM registry_public_enrolled AS enrolled
WHERE enrolled.region_code = %(region_code)s
  AND enrolled.scheme_code = %(scheme_code)s
