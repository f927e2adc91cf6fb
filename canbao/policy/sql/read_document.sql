-- The document of a version: its parameters in the shape of the file.
-- Reads policy_version. Writes nothing.
-- Batch: one id; one row out, or none.
-- Index: the primary key of policy_version.
SELECT version.document
FROM policy_version AS version
WHERE version.id = %(id)s::uuid
