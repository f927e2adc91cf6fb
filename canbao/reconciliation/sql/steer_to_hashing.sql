-- Tell the planner, for this transaction only, that a long statement is matched by hashing, in memory.
-- Reads and writes nothing.
-- Batch: none; one row out that says nothing.
-- Index: none. Right after a million lines were copied in the planner has no statistics and may take them for a handful: left alone
-- it then looks every line up by itself.
SELECT set_config('enable_nestloop', 'off', TRUE) AS nestloop, set_config('work_mem', '192MB', TRUE) AS work_mem
