-- What the register knows of each row of a file: one row out per row in, in order.
-- Person statuses, first that is true: new, other_person (a document without a check, both name and birth date differ),
-- changed, unchanged. Enrolment statuses: new, changed, unchanged.
-- Reads registry_person and registry_enrolment. Relies on registry_person's primary key and registry_enrolment_one_in_force.
SELECT CASE
           WHEN person.id IS NULL THEN 'new'
           WHEN person.born_on <> line.born_on AND person.name_digest <> line.name_digest THEN 'other_person'
           WHEN person.content_digest <> line.person_digest THEN 'changed'
           ELSE 'unchanged'
       END AS person_status,
       CASE
           WHEN enrolment.id IS NULL THEN 'new'
           WHEN enrolment.content_digest <> line.line_digest THEN 'changed'
           ELSE 'unchanged'
       END AS line_status,
       enrolment.id AS enrolment_id,
       enrolment.from_on,
       coalesce(
           enrolment.category_code = line.category_code
           AND enrolment.tier IS NOT DISTINCT FROM line.tier
           AND enrolment.place IS NOT DISTINCT FROM line.place
           AND enrolment.enrolled_on = line.enrolled_on,
           false) AS is_same_but_for_its_end
FROM unnest(
         %(person_ids)b::uuid[], %(name_digests)b::bytea[], %(born_on)b::date[], %(person_digests)b::bytea[],
         %(scheme_codes)b::text[], %(category_codes)b::text[], %(tiers)b::text[], %(places)b::text[],
         %(enrolled_on)b::date[], %(line_digests)b::bytea[])
     WITH ORDINALITY
     AS line (person_id, name_digest, born_on, person_digest, scheme_code, category_code, tier, place, enrolled_on,
              line_digest, number)
LEFT JOIN registry_person AS person
    ON person.region_code = %(region_code)s AND person.id = line.person_id
LEFT JOIN registry_enrolment AS enrolment
    ON enrolment.region_code = %(region_code)s
    AND enrolment.person_id = line.person_id
    AND enrolment.scheme_code = line.scheme_code
    AND enrolment.replaced_at IS NULL
ORDER BY line.number
