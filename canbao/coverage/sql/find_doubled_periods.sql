-- Bills with more than one period of cover in force.
-- Reads coverage_period. Writes nothing.
-- Batch: the whole region; one row out per bill amiss, at most a limit.
-- Index: none: the periods are read through, so that a broken unique index would show.
SELECT period.bill_id::text AS subject, 'one period in force' AS expected, count(*)::text AS found
FROM coverage_period AS period
WHERE period.region_code = %(region_code)s
  AND period.state = %(state)s
GROUP BY period.bill_id
HAVING count(*) > 1
ORDER BY period.bill_id
LIMIT %(limit)s
