-- Whether other regions also register these persons.
-- Writes registry_person where the flag moves. Relies on its primary key.
UPDATE registry_person
SET elsewhere = flagged.elsewhere
FROM unnest(%(ids)b::uuid[], %(elsewhere)b::boolean[]) AS flagged (id, elsewhere)
WHERE registry_person.region_code = %(region_code)s
  AND registry_person.id = flagged.id
  AND registry_person.elsewhere <> flagged.elsewhere
