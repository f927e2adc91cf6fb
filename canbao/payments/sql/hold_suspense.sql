-- Let one transaction of the region at a time judge money that names no order of ours; the others wait for its end.
-- An advisory lock, because there is no order to lock. Reads and writes no table. The first key is this room's own.
SELECT pg_advisory_xact_lock(%(lock_key)s::integer, %(region_code)s::integer)
