-- Take the region's chain for this transaction: true, or false while another transaction has it. Nobody waits.
-- An advisory lock, because there is no row to lock before the first link. The first key is the ledger's own.
SELECT pg_try_advisory_xact_lock(%(lock_key)s::integer, %(region_code)s::integer) AS is_ours
