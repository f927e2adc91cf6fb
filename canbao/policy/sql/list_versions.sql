-- Every version ever published, by region, scheme, year and number.
-- Reads policy_version. Writes nothing.
-- Batch: none; one row per version out.
-- Index: policy_version_numbered.
SELECT
    version.region_code, version.scheme_code, version.insured_year, version.id, version.version_no, version.digest,
    version.published_by, version.published_at
FROM policy_version AS version
ORDER BY version.region_code, version.scheme_code, version.insured_year, version.version_no
