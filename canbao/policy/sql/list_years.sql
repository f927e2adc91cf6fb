-- The insured years for which a region has published a scheme, ascending.
-- Reads policy_version. Writes nothing.
-- Batch: one region and scheme; one row per year out.
-- Index: policy_version_numbered.
SELECT DISTINCT version.insured_year
FROM policy_version AS version
WHERE version.region_code = %(region_code)s
  AND version.scheme_code = %(scheme_code)s
ORDER BY version.insured_year
