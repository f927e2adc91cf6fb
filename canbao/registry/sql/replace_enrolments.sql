-- Enrolment lines that a changed line replaces: ended by date where the new one begins, never before their own begin.
-- Writes registry_enrolment: one row per row in, guarded by replaced_at. Relies on its primary key.
UPDATE registry_enrolment
SET until_on = greatest(registry_enrolment.from_on, least(registry_enrolment.until_on, replaced.begins_on)),
    replaced_at = %(now)s
FROM unnest(%(ids)b::uuid[], %(begins_on)b::date[]) AS replaced (id, begins_on)
WHERE registry_enrolment.region_code = %(region_code)s
  AND registry_enrolment.id = replaced.id
  AND registry_enrolment.replaced_at IS NULL
