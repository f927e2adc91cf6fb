-- The transfers of some postings, in the order in which they are chained. Relies on the index
-- ledger_transfer_of_posting.
SELECT id, posting_id, kind, debit_account_id, credit_account_id, amount_fen, order_id, bill_id, capture_id,
       cause_id, reason, happened_at, recorded_at
FROM ledger_transfer
WHERE region_code = %(region_code)s AND posting_id = ANY (%(posting_ids)s::uuid[])
ORDER BY posting_id, id
