-- Auditor: persons without any enrolment line in force. An import writes both or none.
-- Reads registry_person and registry_enrolment. Relies on registry_enrolment_one_in_force.
SELECT person.id::text AS subject, 'an enrolment line in force' AS expected, 'none' AS found
FROM registry_person AS person
WHERE person.region_code = %(region_code)s
  AND NOT EXISTS (
      SELECT 1
      FROM registry_enrolment AS enrolment
      WHERE enrolment.region_code = %(region_code)s
        AND enrolment.person_id = person.id
        AND enrolment.replaced_at IS NULL)
ORDER BY person.id
LIMIT %(limit)s
