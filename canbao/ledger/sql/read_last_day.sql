-- The last sealed day of the region; no row before the first. Relies on the primary key of ledger_day.
SELECT chained_on, last_place, day_hash
FROM ledger_day
WHERE region_code = %(region_code)s
ORDER BY chained_on DESC
LIMIT 1
