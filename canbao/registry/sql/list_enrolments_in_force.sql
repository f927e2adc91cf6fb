-- The enrolment lines in force of persons.
-- Reads registry_enrolment. Relies on registry_enrolment_one_in_force.
SELECT person_id, scheme_code, category_code, tier, place, enrolled_on, until_on
FROM registry_enrolment
WHERE region_code = %(region_code)s AND person_id = ANY(%(person_ids)b::uuid[]) AND replaced_at IS NULL
ORDER BY person_id, scheme_code
