-- Tell the planner, for this transaction only, that a page of persons is read through indexes.
-- Reads and writes nothing.
-- Batch: none; one row out that says nothing.
-- Index: none. Right after a register was imported the planner has no statistics and may take a page for half of the region: left
-- alone it then hashes the whole register once per page, which makes a million persons cost a hundred times ten thousand.
SELECT set_config('enable_seqscan', 'off', TRUE) AS setting
