-- End held periods of cover early.
-- Reads and writes coverage_period.
-- Batch: ids of held periods with their new ends; as many rows touched as periods ended.
-- Index: the primary key of coverage_period.
UPDATE coverage_period AS period
SET state = %(target)s,
    until_on = input.until_on,
    move_count = period.move_count + 1
FROM unnest(%(ids)s::uuid[], %(untils_on)s::date[]) AS input (id, until_on)
WHERE period.region_code = %(region_code)s
  AND period.id = input.id
  AND period.state = ANY(%(sources)s::text[])
