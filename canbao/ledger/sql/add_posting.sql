-- Note that a posting's transfers wait for the chain: one row per call of post, written with the transfers.
-- Writes ledger_unsealed.
INSERT INTO ledger_unsealed (region_code, posting_id, transfer_count, recorded_at)
VALUES (%(region_code)s, %(posting_id)s, %(transfer_count)s, %(now)s)
