-- Accounts whose last snapshot plus what waits for the chain is not the sum of all their transfers. An audit: reads
-- everything.
WITH sided AS (
    SELECT transfer.debit_account_id AS account_id, transfer.amount_fen AS debit_fen, 0::bigint AS credit_fen,
           unsealed.posting_id IS NOT NULL AS waits
    FROM ledger_transfer AS transfer
    LEFT JOIN ledger_unsealed AS unsealed
        ON unsealed.region_code = transfer.region_code AND unsealed.posting_id = transfer.posting_id
    WHERE transfer.region_code = %(region_code)s
    UNION ALL
    SELECT transfer.credit_account_id, 0, transfer.amount_fen, unsealed.posting_id IS NOT NULL
    FROM ledger_transfer AS transfer
    LEFT JOIN ledger_unsealed AS unsealed
        ON unsealed.region_code = transfer.region_code AND unsealed.posting_id = transfer.posting_id
    WHERE transfer.region_code = %(region_code)s
), history AS (
    SELECT account_id, sum(debit_fen) AS debit_fen, sum(credit_fen) AS credit_fen,
           coalesce(sum(debit_fen) FILTER (WHERE waits), 0) AS waiting_debit_fen,
           coalesce(sum(credit_fen) FILTER (WHERE waits), 0) AS waiting_credit_fen
    FROM sided
    GROUP BY account_id
), snapshot AS (
    SELECT DISTINCT ON (account_id) account_id, debit_fen, credit_fen
    FROM ledger_balance
    WHERE region_code = %(region_code)s
    ORDER BY account_id, through_place DESC
), compared AS (
    SELECT coalesce(history.account_id, snapshot.account_id) AS account_id,
           coalesce(history.debit_fen, 0) AS debit_fen, coalesce(history.credit_fen, 0) AS credit_fen,
           coalesce(snapshot.debit_fen, 0) + coalesce(history.waiting_debit_fen, 0) AS found_debit_fen,
           coalesce(snapshot.credit_fen, 0) + coalesce(history.waiting_credit_fen, 0) AS found_credit_fen
    FROM history
    FULL JOIN snapshot ON snapshot.account_id = history.account_id
)
SELECT 'account ' || account_id AS subject,
       'debit ' || debit_fen || ', credit ' || credit_fen || ' fen' AS expected,
       'debit ' || found_debit_fen || ', credit ' || found_credit_fen || ' fen' AS found
FROM compared
WHERE (debit_fen, credit_fen) <> (found_debit_fen, found_credit_fen)
ORDER BY account_id
LIMIT %(limit)s
