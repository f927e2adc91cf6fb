-- Tell the planner, for this transaction only, that the few lines left are looked up one by one.
-- Reads and writes nothing.
-- Batch: none; one row out that says nothing.
-- Index: none. Hashing a few would mean reading every capture that there ever was.
SELECT set_config('enable_nestloop', 'on', TRUE) AS nestloop
