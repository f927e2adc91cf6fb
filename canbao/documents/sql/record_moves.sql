-- Write the history of vouchers that just moved.
-- Writes documents_voucher_history. Reads nothing.
-- Batch: voucher ids, each once with the state it left; touches one row each.
-- Index: the primary key of documents_voucher_history.
INSERT INTO documents_voucher_history (region_code, voucher_id, move_no, event, state_from, state_to, happened_at, recorded_at)
SELECT %(region_code)s, moved.voucher_id, 1, %(event)s, %(state_from)s, %(state_to)s, %(now)s, %(now)s
FROM unnest(%(voucher_ids)s::uuid[]) AS moved (voucher_id)
