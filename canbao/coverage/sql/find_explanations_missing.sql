-- Periods of cover whose explanation is not kept.
-- Reads coverage_period, coverage_explanation. Writes nothing.
-- Batch: the whole region; one row out per period amiss, at most a limit.
-- Index: the primary key of coverage_explanation; the periods are read through.
SELECT period.id::text AS subject, 'an explanation' AS expected, 'none' AS found
FROM coverage_period AS period
LEFT JOIN coverage_explanation AS explanation
    ON explanation.region_code = period.region_code AND explanation.id = period.explanation_id
WHERE period.region_code = %(region_code)s
  AND explanation.id IS NULL
ORDER BY period.id
LIMIT %(limit)s
