-- Every account of the region. Relies on the primary key of ledger_account.
SELECT id, account_code, scheme_code, channel_code, due_from
FROM ledger_account
WHERE region_code = %(region_code)s
ORDER BY account_code, scheme_code, channel_code, due_from
