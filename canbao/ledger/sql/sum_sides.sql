-- All debits and all credits of the region as the balances have them: equal, because each transfer moves both.
-- Reads ledger_balance and what waits for the chain.
WITH snapshot AS (
    SELECT DISTINCT ON (account_id) debit_fen, credit_fen
    FROM ledger_balance
    WHERE region_code = %(region_code)s
    ORDER BY account_id, through_place DESC
)
SELECT coalesce(sum(debit_fen), 0)::bigint AS debit_fen, coalesce(sum(credit_fen), 0)::bigint AS credit_fen
FROM snapshot
