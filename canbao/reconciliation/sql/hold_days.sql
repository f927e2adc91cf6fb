-- Let one transaction of the region at a time close a day or book one; the others wait for its end.
-- An advisory lock, because a day that nobody closed yet has no row to lock. Reads and writes no table. The first key is
-- this room's own.
SELECT pg_advisory_xact_lock(%(lock_key)s::integer, %(region_code)s::integer)
