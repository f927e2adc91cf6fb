-- Tell the planner, for this transaction only, that a long statement is compared by hashing, in memory, on two processors.
-- Reads and writes nothing.
-- Batch: none; one row out that says nothing.
-- Index: none. Right after a million lines were copied in the planner has no statistics and may take them for a handful: left alone
-- it then looks every line up by itself, and sees no work to share.
SELECT
    set_config('enable_nestloop', 'off', TRUE) AS nestloop,
    set_config('work_mem', '192MB', TRUE) AS work_mem,
    set_config('parallel_setup_cost', '0', TRUE) AS setup_cost,
    set_config('parallel_tuple_cost', '0', TRUE) AS tuple_cost,
    set_config('min_parallel_table_scan_size', '0', TRUE) AS table_size,
    set_config('min_parallel_index_scan_size', '0', TRUE) AS index_size
