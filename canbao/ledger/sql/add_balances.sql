-- Append a snapshot for every account that the new links move: its last snapshot plus what they add.
-- Reads and writes ledger_balance. Relies on its primary key (region_code, account_id, through_place).
INSERT INTO ledger_balance (region_code, account_id, through_place, debit_fen, credit_fen, recorded_at)
SELECT %(region_code)s, given.account_id, %(through_place)s,
       coalesce(last.debit_fen, 0) + given.debit_fen, coalesce(last.credit_fen, 0) + given.credit_fen, %(now)s
FROM unnest(%(account_ids)s::uuid[], %(debits)s::bigint[], %(credits)s::bigint[])
     AS given (account_id, debit_fen, credit_fen)
LEFT JOIN LATERAL (
    SELECT debit_fen, credit_fen
    FROM ledger_balance
    WHERE region_code = %(region_code)s AND account_id = given.account_id
    ORDER BY through_place DESC
    LIMIT 1
) AS last ON true
