-- How many enrolments a run will look at: the length of the progress bar.
-- Reads registry_public_enrolled. Writes nothing.
-- Batch: the persons after a cursor; one row out.
-- Index: the registry's index on (region_code, scheme_code, person_id) of its enrolments.
SELECT count(*)::bigint AS enrolled_count
FROM registry_public_enrolled AS enrolled
WHERE enrolled.region_code = %(region_code)s
  AND enrolled.scheme_code = %(scheme_code)s
  AND enrolled.person_id > %(after_person_id)s::uuid
