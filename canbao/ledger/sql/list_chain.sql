-- A page of the chain with the rows it binds; a row that is gone leaves its columns empty. For the auditor that
-- recomputes it. Relies on the primary keys of ledger_link and ledger_transfer.
SELECT link.place, link.chained_on, link.link_hash, link.transfer_id, transfer.posting_id, transfer.kind,
       transfer.debit_account_id, transfer.credit_account_id, transfer.amount_fen, transfer.order_id, transfer.bill_id,
       transfer.capture_id, transfer.cause_id, transfer.reason, transfer.happened_at, transfer.recorded_at
FROM ledger_link AS link
LEFT JOIN ledger_transfer AS transfer ON transfer.region_code = link.region_code AND transfer.id = link.transfer_id
WHERE link.region_code = %(region_code)s AND link.place > %(after_place)s
ORDER BY link.place
LIMIT %(limit)s
