-- What closed days in their newest version say of the channel's account and fees, and which transactions the fees of
-- are theirs: those that the region has recorded, and its refunds.
SELECT DISTINCT ON (day.day_on) day.day_on, day.funds_in_fen, day.funds_out_fen, day.fee_fen
FROM reconciliation_day AS day
WHERE day.region_code = %(region)s AND day.day_on = ANY(%(days)s::date[])
ORDER BY day.day_on, day.version_no DESC
