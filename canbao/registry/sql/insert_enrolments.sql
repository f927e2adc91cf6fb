-- Enrolment lines from now on in force.
-- Writes registry_enrolment: one row per row in. Relies on registry_enrolment_one_in_force to refuse a second line in force.
INSERT INTO registry_enrolment (
    region_code, id, person_id, scheme_code, category_code, tier, place, enrolled_on, from_on, until_on,
    content_digest, import_id, recorded_at, replaced_at)
SELECT %(region_code)s, line.id, line.person_id, line.scheme_code, line.category_code, line.tier, line.place,
       line.enrolled_on, line.from_on, line.until_on, line.content_digest, %(import_id)s, %(now)s, NULL
FROM unnest(
         %(ids)b::uuid[], %(person_ids)b::uuid[], %(scheme_codes)b::text[], %(category_codes)b::text[],
         %(tiers)b::text[], %(places)b::text[], %(enrolled_on)b::date[], %(from_on)b::date[], %(until_on)b::date[],
         %(content_digests)b::bytea[])
     AS line (id, person_id, scheme_code, category_code, tier, place, enrolled_on, from_on, until_on, content_digest)
