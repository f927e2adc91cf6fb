-- The last person of the next page of persons enrolled in a scheme.
-- Reads registry_public_enrolled. Writes nothing.
-- Batch: the persons after a cursor, at most so many; one row out, none when nobody is left.
-- Index: the registry's index on (region_code, scheme_code, person_id) of its enrolments.
SELECT page.person_id
FROM (
    SELECT enrolled.person_id
    FROM registry_public_enrolled AS enrolled
    WHERE enrolled.region_code = %(region_code)s
      AND enrolled.scheme_code = %(scheme_code)s
      AND enrolled.person_id > %(after_person_id)s::uuid
    ORDER BY enrolled.person_id
    LIMIT %(limit)s
) AS page
ORDER BY page.person_id DESC
LIMIT 1
