-- Write periods of cover for bills that have none in force.
-- Reads nothing. Writes coverage_period.
-- Batch: one array per column, at most one row per bill, in the order of bills; one row out per period written.
-- Index: coverage_period_one_in_force decides between workers.
INSERT INTO coverage_period (
    region_code, id, bill_id, person_id, scheme_code, insured_year, from_on, until_on, wait_months, explanation_id,
    policy_version_id, state, move_count, recorded_at
)
SELECT
    %(region_code)s, input.id, input.bill_id, input.person_id, input.scheme_code, input.insured_year, input.from_on,
    input.until_on, input.wait_months, input.explanation_id, input.policy_version_id, %(state)s, 0, %(now)s
FROM unnest(
    %(ids)s::uuid[], %(bill_ids)s::uuid[], %(person_ids)s::uuid[], %(scheme_codes)s::text[], %(insured_years)s::smallint[],
    %(froms_on)s::date[], %(untils_on)s::date[], %(waits_months)s::smallint[], %(explanation_ids)s::uuid[],
    %(policy_version_ids)s::uuid[]
) AS input (
    id, bill_id, person_id, scheme_code, insured_year, from_on, until_on, wait_months, explanation_id, policy_version_id
)
ORDER BY input.bill_id
ON CONFLICT (region_code, bill_id) WHERE state = 'in_force' DO NOTHING
RETURNING bill_id
