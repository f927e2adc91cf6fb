-- Snapshots that are not the sum of their account's transfers up to their place in the chain. An audit: reads
-- everything.
WITH sided AS (
    SELECT transfer.debit_account_id AS account_id, link.place,
           transfer.amount_fen AS debit_fen, 0::bigint AS credit_fen
    FROM ledger_link AS link
    JOIN ledger_transfer AS transfer ON transfer.region_code = link.region_code AND transfer.id = link.transfer_id
    WHERE link.region_code = %(region_code)s
    UNION ALL
    SELECT transfer.credit_account_id, link.place, 0, transfer.amount_fen
    FROM ledger_link AS link
    JOIN ledger_transfer AS transfer ON transfer.region_code = link.region_code AND transfer.id = link.transfer_id
    WHERE link.region_code = %(region_code)s
    UNION ALL
    -- A snapshot stands in the running sum as a row of nothing, after the transfers of its own place.
    SELECT account_id, through_place, 0, 0
    FROM ledger_balance
    WHERE region_code = %(region_code)s
), running AS (
    SELECT account_id, place,
           sum(debit_fen) OVER so_far AS debit_fen, sum(credit_fen) OVER so_far AS credit_fen
    FROM sided
    WINDOW so_far AS (PARTITION BY account_id ORDER BY place RANGE UNBOUNDED PRECEDING)
), expected AS (
    SELECT DISTINCT account_id, place, debit_fen, credit_fen FROM running
)
SELECT 'account ' || balance.account_id || ' through ' || balance.through_place AS subject,
       'debit ' || expected.debit_fen || ', credit ' || expected.credit_fen || ' fen' AS expected,
       'debit ' || balance.debit_fen || ', credit ' || balance.credit_fen || ' fen' AS found
FROM ledger_balance AS balance
JOIN expected ON expected.account_id = balance.account_id AND expected.place = balance.through_place
WHERE balance.region_code = %(region_code)s
  AND (expected.debit_fen, expected.credit_fen) <> (balance.debit_fen, balance.credit_fen)
ORDER BY balance.account_id, balance.through_place
LIMIT %(limit)s
