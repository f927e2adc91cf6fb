-- The transfers about one order, oldest first. Relies on the index ledger_transfer_of_order and the key of
-- ledger_account.
SELECT transfer.id, transfer.kind, debit.account_code AS debit_account_code, credit.account_code AS credit_account_code,
       transfer.amount_fen, transfer.order_id, transfer.bill_id, transfer.capture_id, transfer.cause_id,
       transfer.reason, transfer.happened_at, transfer.recorded_at
FROM ledger_transfer AS transfer
JOIN ledger_account AS debit ON debit.region_code = transfer.region_code AND debit.id = transfer.debit_account_id
JOIN ledger_account AS credit ON credit.region_code = transfer.region_code AND credit.id = transfer.credit_account_id
WHERE transfer.region_code = %(region_code)s AND transfer.order_id = %(order_id)s
ORDER BY transfer.recorded_at, transfer.id
