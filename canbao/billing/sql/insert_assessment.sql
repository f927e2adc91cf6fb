-- Begin a run of the assessment, unless one is running for the scheme and year.
-- Reads nothing. Writes billing_assessment.
-- Batch: one run; no row written where one is running.
-- Index: billing_assessment_one_running.
INSERT INTO billing_assessment (
    region_code, id, scheme_code, insured_year, assessed_on, policy_version_id, state, started_at, finished_at, recorded_at
)
VALUES (
    %(region_code)s, %(assessment_id)s, %(scheme_code)s, %(insured_year)s, %(assessed_on)s, %(policy_version_id)s, %(state)s,
    %(now)s, NULL, %(now)s
)
ON CONFLICT (region_code, scheme_code, insured_year) WHERE state = 'running' DO NOTHING
