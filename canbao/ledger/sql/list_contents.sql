-- What stands under the given transfer ids: for a batch that met another one writing the same transfers.
-- Reads ledger_transfer by its primary key.
SELECT id, kind, debit_account_id, credit_account_id, amount_fen, order_id, bill_id, capture_id, cause_id
FROM ledger_transfer
WHERE region_code = %(region_code)s AND id = ANY (%(ids)s::uuid[])
