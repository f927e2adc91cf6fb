-- Periods of cover with the explanation of their days.
-- Reads coverage_period, coverage_explanation. Writes nothing.
-- Batch: one person; all periods, ended ones too.
-- Index: coverage_period_of_person.
SELECT
    period.id AS period_id, period.bill_id, period.person_id, period.scheme_code, period.insured_year, period.from_on,
    period.until_on, period.wait_months, period.state, period.policy_version_id, period.recorded_at, explanation.steps
FROM coverage_period AS period
JOIN coverage_explanation AS explanation
    ON explanation.region_code = period.region_code AND explanation.id = period.explanation_id
WHERE period.region_code = %(region_code)s
  AND period.person_id = %(person_id)s::uuid
ORDER BY period.from_on, period.id
