-- The last link of a channel's chain of days. Relies on reconciliation_day_place.
SELECT place, link_hash
FROM reconciliation_day
WHERE region_code = %(region_code)s AND channel_code = %(channel_code)s
ORDER BY place DESC
LIMIT 1
