-- Tell the planner, for this transaction only, that a page of persons is read through indexes.
-- Reads and writes nothing.
-- Batch: none; one row out that says nothing.
-- Index: none. The register's view bounds the page by the enrolment's person, and PostgreSQL does not carry the bound over to the
-- joined person: left alone it hashes the whole register once per page, which makes a million persons cost a hundred times ten thousand.
SELECT set_config('enable_seqscan', 'off', TRUE) AS setting
