-- Persons about to change, locked in key order, with what their identities were: for the history.
-- Reads and locks registry_person, reads registry_identity. One row out per known id. Relies on the primary keys of both.
SELECT person.id,
       person.sealed,
       coalesce(
           (SELECT string_agg(
                       held.identity_code || ':' || held.from_on || ':' || coalesce(held.until_on::text, ''),
                       ';' ORDER BY held.identity_code, held.from_on)
            FROM registry_identity AS held
            WHERE held.region_code = %(region_code)s AND held.person_id = person.id),
           '') AS identities
FROM registry_person AS person
WHERE person.region_code = %(region_code)s AND person.id = ANY(%(ids)b::uuid[])
ORDER BY person.id
FOR UPDATE OF person
