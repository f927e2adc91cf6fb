-- Make the accounts that a batch is the first to post to; those that stand are left alone and not locked.
-- Writes ledger_account. Relies on its primary key. Batch: a few dozen.
INSERT INTO ledger_account (region_code, id, account_code, scheme_code, channel_code, due_from, recorded_at)
SELECT %(region_code)s, id, account_code, scheme_code, channel_code, due_from, %(now)s
FROM unnest(%(ids)s::uuid[], %(account_codes)s::text[], %(scheme_codes)s::text[], %(channel_codes)s::text[],
            %(due_froms)s::integer[])
     AS given (id, account_code, scheme_code, channel_code, due_from)
ORDER BY id
ON CONFLICT (region_code, id) DO NOTHING
