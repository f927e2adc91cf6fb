-- The end of the region's chain; no row before the first link. Relies on the primary key of ledger_link.
SELECT place, chained_on, link_hash
FROM ledger_link
WHERE region_code = %(region_code)s
ORDER BY place DESC
LIMIT 1
