-- Auditor: enrolment lines of one person and scheme that hold on the same day. None may.
-- Reads registry_enrolment, each side of the join once from end to end.
SELECT earlier.id::text AS subject, 'no line beside it' AS expected, later.id::text AS found
FROM registry_enrolment AS earlier
JOIN registry_enrolment AS later
    ON later.region_code = %(region_code)s
    AND later.person_id = earlier.person_id
    AND later.scheme_code = earlier.scheme_code
    AND later.id > earlier.id
WHERE earlier.region_code = %(region_code)s
  AND daterange(earlier.from_on, earlier.until_on) && daterange(later.from_on, later.until_on)
ORDER BY earlier.id
LIMIT %(limit)s
