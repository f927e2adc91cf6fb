-- Periods of cover whose moves do not end in their state, or are not as many as the period counts.
-- Reads coverage_period, coverage_period_history. Writes nothing.
-- Batch: the whole region; one row out per period amiss, at most a limit.
-- Index: none: periods and moves are read through.
WITH told AS (
    SELECT move.period_id, count(*) AS move_count, (array_agg(move.state_to ORDER BY move.move_no DESC))[1] AS state
    FROM coverage_period_history AS move
    WHERE move.region_code = %(region_code)s
    GROUP BY move.period_id
)
SELECT
    period.id::text AS subject,
    COALESCE(told.state, %(state_at_birth)s) || ' after ' || COALESCE(told.move_count, 0) || ' moves' AS expected,
    period.state || ' after ' || period.move_count || ' moves' AS found
FROM coverage_period AS period
LEFT JOIN told ON told.period_id = period.id
WHERE period.region_code = %(region_code)s
  AND (period.state <> COALESCE(told.state, %(state_at_birth)s) OR period.move_count <> COALESCE(told.move_count, 0))
ORDER BY period.id
LIMIT %(limit)s
