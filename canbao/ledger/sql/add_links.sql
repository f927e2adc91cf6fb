-- Append links to the region's chain. Writes ledger_link; its primary key refuses a place that is taken.
-- Batch: as many as seal was allowed.
INSERT INTO ledger_link (region_code, place, transfer_id, chained_on, link_hash)
SELECT %(region_code)s, %(first_place)s + turn - 1, transfer_id, %(chained_on)s, link_hash
FROM unnest(%(transfer_ids)s::uuid[], %(link_hashes)s::bytea[]) WITH ORDINALITY AS given (transfer_id, link_hash, turn)
