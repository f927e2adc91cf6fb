-- Append a version under the next number. Nothing is written where another publisher took the number first.
-- Writes policy_version.
-- Batch: one version; answers with the count of rows.
-- Index: policy_version_numbered is the guard; the primary key says the same, since the id is derived from the number.
INSERT INTO policy_version
    (id, region_code, scheme_code, insured_year, version_no, digest, document, published_by, published_at, recorded_at)
VALUES
    (%(id)s::uuid, %(region_code)s, %(scheme_code)s, %(insured_year)s, %(version_no)s, %(digest)s, %(document)s::jsonb,
     %(published_by)s, %(now)s, %(now)s)
ON CONFLICT DO NOTHING
