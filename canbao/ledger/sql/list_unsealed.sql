-- Postings that wait for the chain, oldest first. Relies on the primary key of ledger_unsealed (posting ids grow with
-- time).
SELECT posting_id, transfer_count
FROM ledger_unsealed
WHERE region_code = %(region_code)s
ORDER BY posting_id
LIMIT %(limit)s
