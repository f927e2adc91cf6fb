-- How the covers of bills came and went: written, and ended.
-- Reads coverage_period, coverage_period_history. Writes nothing.
-- Batch: bill ids, and the ids of the persons they are of; one row out per birth or move, in the order of time.
-- Index: coverage_period_of_person, because a cover that ended is in no index of bills; the primary key of the history.
WITH period AS (
    SELECT told.id, told.bill_id, told.from_on, told.until_on, told.recorded_at
    FROM coverage_period AS told
    WHERE told.region_code = %(region_code)s
      AND told.person_id = ANY(%(person_ids)s::uuid[])
      AND told.bill_id = ANY(%(bill_ids)s::uuid[])
)
SELECT
    period.bill_id, 'write' AS event, %(state_at_birth)s AS state, period.from_on,
    COALESCE(
        (
            SELECT first.until_on_from
            FROM coverage_period_history AS first
            WHERE first.region_code = %(region_code)s AND first.period_id = period.id AND first.move_no = 1
        ),
        period.until_on
    ) AS until_on,
    '' AS reason, period.recorded_at, 0 AS move_no
FROM period
UNION ALL
SELECT
    period.bill_id, move.event, move.state_to, period.from_on, move.until_on_to, move.reason, move.recorded_at, move.move_no
FROM period
JOIN coverage_period_history AS move ON move.region_code = %(region_code)s AND move.period_id = period.id
ORDER BY recorded_at, move_no, bill_id
