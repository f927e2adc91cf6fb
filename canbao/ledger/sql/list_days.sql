-- Sealed days beside what their links and transfers say now. Reads ledger_day, ledger_link and ledger_transfer whole.
SELECT day.chained_on, day.first_place, day.last_place, day.transfer_count, day.amount_fen, day.last_hash, day.day_hash,
       coalesce(found.transfer_count, 0) AS found_count, coalesce(found.amount_fen, 0) AS found_fen,
       found.last_hash AS found_hash
FROM ledger_day AS day
LEFT JOIN (
    SELECT link.chained_on, count(*) AS transfer_count, sum(transfer.amount_fen)::bigint AS amount_fen,
           (array_agg(link.link_hash ORDER BY link.place DESC))[1] AS last_hash
    FROM ledger_link AS link
    JOIN ledger_transfer AS transfer ON transfer.region_code = link.region_code AND transfer.id = link.transfer_id
    WHERE link.region_code = %(region_code)s
    GROUP BY link.chained_on
) AS found ON found.chained_on = day.chained_on
WHERE day.region_code = %(region_code)s
ORDER BY day.chained_on
