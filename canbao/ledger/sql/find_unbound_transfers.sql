-- Transfers that are neither in the chain nor on the list of those that wait for it, and waiting postings of another
-- count than noted: a row was added or removed behind the ledger's back. An audit: reads everything.
SELECT 'transfer ' || transfer.id AS subject, 'in the chain or waiting for it' AS expected, 'neither' AS found
FROM ledger_transfer AS transfer
LEFT JOIN ledger_link AS link ON link.region_code = transfer.region_code AND link.transfer_id = transfer.id
LEFT JOIN ledger_unsealed AS unsealed
    ON unsealed.region_code = transfer.region_code AND unsealed.posting_id = transfer.posting_id
WHERE transfer.region_code = %(region_code)s AND link.place IS NULL AND unsealed.posting_id IS NULL
UNION ALL
SELECT 'posting ' || unsealed.posting_id, unsealed.transfer_count || ' transfers', count(transfer.id) || ' transfers'
FROM ledger_unsealed AS unsealed
LEFT JOIN ledger_transfer AS transfer
    ON transfer.region_code = unsealed.region_code AND transfer.posting_id = unsealed.posting_id
WHERE unsealed.region_code = %(region_code)s
GROUP BY unsealed.posting_id, unsealed.transfer_count
HAVING count(transfer.id) <> unsealed.transfer_count
ORDER BY subject
LIMIT %(limit)s
