-- Accounts that transfers or snapshots name and that are not on the books: what a foreign key would have refused. An
-- audit.
WITH named AS (
    SELECT debit_account_id AS account_id FROM ledger_transfer WHERE region_code = %(region_code)s
    UNION
    SELECT credit_account_id FROM ledger_transfer WHERE region_code = %(region_code)s
    UNION
    SELECT account_id FROM ledger_balance WHERE region_code = %(region_code)s
)
SELECT 'account ' || named.account_id AS subject, 'on the books' AS expected, 'unknown' AS found
FROM named
LEFT JOIN ledger_account AS account ON account.region_code = %(region_code)s AND account.id = named.account_id
WHERE account.id IS NULL
ORDER BY subject
LIMIT %(limit)s
