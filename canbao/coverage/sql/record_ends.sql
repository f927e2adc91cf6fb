-- Write the moves of periods that are about to end early.
-- Reads coverage_period. Writes coverage_period_history.
-- Batch: ids of held periods with their last days and reasons; one row written per period.
-- Index: the primary key of coverage_period.
INSERT INTO coverage_period_history (
    region_code, period_id, move_no, event, state_from, state_to, until_on_from, until_on_to, reason, happened_at, recorded_at
)
SELECT
    period.region_code, period.id, period.move_count + 1, %(event)s, period.state, %(target)s, period.until_on, input.until_on,
    input.reason, %(now)s, %(now)s
FROM unnest(%(ids)s::uuid[], %(untils_on)s::date[], %(reasons)s::text[]) AS input (id, until_on, reason)
JOIN coverage_period AS period ON period.region_code = %(region_code)s AND period.id = input.id
WHERE period.state = ANY(%(sources)s::text[])
