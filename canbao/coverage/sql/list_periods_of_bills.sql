-- Periods of cover with the explanation of their days.
-- Reads coverage_period, coverage_explanation. Writes nothing.
-- Batch: bill ids; the period in force of each, where there is one.
-- Index: coverage_period_one_in_force; its state stands in the text, because a parameter would hide it from a kept plan.
SELECT
    period.id AS period_id, period.bill_id, period.person_id, period.scheme_code, period.insured_year, period.from_on,
    period.until_on, period.wait_months, period.state, period.policy_version_id, period.recorded_at, explanation.steps
FROM coverage_period AS period
JOIN coverage_explanation AS explanation
    ON explanation.region_code = period.region_code AND explanation.id = period.explanation_id
WHERE period.region_code = %(region_code)s
  AND period.bill_id = ANY(%(bill_ids)s::uuid[])
  AND period.state = 'in_force'
ORDER BY period.bill_id
