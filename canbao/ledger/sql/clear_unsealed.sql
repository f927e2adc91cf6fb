-- Take postings off the list once their transfers are in the chain. Writes ledger_unsealed by its primary key.
DELETE FROM ledger_unsealed
WHERE region_code = %(region_code)s AND posting_id = ANY (%(posting_ids)s::uuid[])
