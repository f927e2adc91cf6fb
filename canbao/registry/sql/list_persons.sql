-- Persons by id.
-- Reads registry_person and registry_family. Relies on their primary keys.
SELECT person.id, person.sealed, person.id_doc_type, person.born_on, person.sex, person.died_on,
       person.last_insured_year, person.elsewhere, family.family_no
FROM registry_person AS person
LEFT JOIN registry_family AS family
    ON family.region_code = %(region_code)s AND family.id = person.family_id
WHERE person.region_code = %(region_code)s AND person.id = ANY(%(ids)b::uuid[])
ORDER BY person.id
