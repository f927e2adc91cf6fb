-- One enrolment in the residents' scheme for every person, by age: small child, pupil, grown-up.
-- Reads registry_person. Writes registry_enrolment: one row per person.
INSERT INTO registry_enrolment (
    region_code, id, person_id, scheme_code, category_code, tier, place, enrolled_on, from_on, until_on, content_digest,
    import_id, recorded_at
)
SELECT
    %(region_code)s,
    uuidv7(),
    person.id,
    '390',
    CASE
        WHEN person.born_on > DATE '2018-12-31' THEN '1402'
        WHEN person.born_on > DATE '2006-12-31' THEN '1403'
        ELSE '1501'
    END,
    NULL,
    'Nanchang',
    person.born_on + 1,
    person.born_on + 1,
    NULL,
    person.content_digest,
    person.import_id,
    %(now)s
FROM registry_person AS person
WHERE person.region_code = %(region_code)s
