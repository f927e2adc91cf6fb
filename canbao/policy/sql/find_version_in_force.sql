-- The version in force at an instant: the newest published at or before it. Without the document, which callers may hold.
-- Reads policy_version. Writes nothing.
-- Batch: one region, scheme and year; one row out, or none.
-- Index: policy_version_numbered.
SELECT version.id, version.version_no, version.digest, version.published_by, version.published_at
FROM policy_version AS version
WHERE version.region_code = %(region_code)s
  AND version.scheme_code = %(scheme_code)s
  AND version.insured_year = %(insured_year)s
  AND (%(at)s::timestamptz IS NULL OR version.published_at <= %(at)s::timestamptz)
ORDER BY version.version_no DESC
LIMIT 1
