-- Days that are over and not sealed: their links in numbers. Reads ledger_link after the last sealed place, and
-- ledger_transfer.
SELECT link.chained_on, min(link.place) AS first_place, max(link.place) AS last_place,
       count(*) AS transfer_count, coalesce(sum(transfer.amount_fen), 0)::bigint AS amount_fen,
       (array_agg(link.link_hash ORDER BY link.place DESC))[1] AS last_hash
FROM ledger_link AS link
JOIN ledger_transfer AS transfer ON transfer.region_code = link.region_code AND transfer.id = link.transfer_id
WHERE link.region_code = %(region_code)s AND link.place > %(after_place)s AND link.chained_on < %(today)s
GROUP BY link.chained_on
ORDER BY link.chained_on
LIMIT 100
