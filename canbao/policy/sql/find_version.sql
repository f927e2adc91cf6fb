-- A version by its id, without the document.
-- Reads policy_version. Writes nothing.
-- Batch: one id; one row out, or none.
-- Index: the primary key of policy_version.
SELECT version.id, version.version_no, version.digest, version.published_by, version.published_at
FROM policy_version AS version
WHERE version.id = %(id)s::uuid
