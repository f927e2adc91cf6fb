-- Every account of the region as it stands: its last snapshot plus the transfers that are not in the chain yet, at
-- one instant. Relies on the primary keys of ledger_account and ledger_balance and the index
-- ledger_transfer_of_posting.
WITH waiting AS (
    SELECT transfer.debit_account_id, transfer.credit_account_id, transfer.amount_fen
    FROM ledger_unsealed AS unsealed
    JOIN ledger_transfer AS transfer
        ON transfer.region_code = unsealed.region_code AND transfer.posting_id = unsealed.posting_id
    WHERE unsealed.region_code = %(region_code)s
), moved AS (
    SELECT account_id, sum(debit_fen) AS debit_fen, sum(credit_fen) AS credit_fen
    FROM (
        SELECT debit_account_id AS account_id, amount_fen AS debit_fen, 0 AS credit_fen FROM waiting
        UNION ALL
        SELECT credit_account_id, 0, amount_fen FROM waiting
    ) AS side
    GROUP BY account_id
)
SELECT account.id, account.account_code, account.scheme_code, account.channel_code, account.due_from,
       (coalesce(last.debit_fen, 0) + coalesce(moved.debit_fen, 0))::bigint AS debit_fen,
       (coalesce(last.credit_fen, 0) + coalesce(moved.credit_fen, 0))::bigint AS credit_fen
FROM ledger_account AS account
LEFT JOIN moved ON moved.account_id = account.id
LEFT JOIN LATERAL (
    SELECT debit_fen, credit_fen
    FROM ledger_balance
    WHERE region_code = %(region_code)s AND account_id = account.id
    ORDER BY through_place DESC
    LIMIT 1
) AS last ON true
WHERE account.region_code = %(region_code)s
ORDER BY account.account_code, account.scheme_code, account.channel_code, account.due_from
