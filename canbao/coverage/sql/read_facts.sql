-- What decides about the cover of persons: birth, category, last insured year and the identities held on a day.
-- Reads registry_public_enrolled, registry_public_identity. Writes nothing.
-- Batch: person ids; one row out per person enrolled in the scheme.
-- Index: the register's indexes on (region_code, person_id) of enrolments and identities.
SELECT
    enrolled.person_id,
    enrolled.born_on,
    enrolled.category_code,
    enrolled.last_insured_year,
    ARRAY(
        SELECT DISTINCT held.identity_code::text
        FROM registry_public_identity AS held
        WHERE held.region_code = %(region_code)s
          AND held.person_id = enrolled.person_id
          AND held.from_on <= %(on)s::date
          AND (held.until_on IS NULL OR held.until_on > %(on)s::date)
    ) AS identity_codes
FROM registry_public_enrolled AS enrolled
WHERE enrolled.region_code = %(region_code)s
  AND enrolled.scheme_code = %(scheme_code)s
  AND enrolled.person_id = ANY(%(person_ids)s::uuid[])
