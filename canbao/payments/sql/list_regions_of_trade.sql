-- Regions that have recorded a transaction of a channel. National: asked before money that paid nothing goes back.
-- Reads payments_capture by payments_capture_trade, once for each region asked about.
SELECT region_code
FROM payments_capture
WHERE region_code = ANY(%(region_codes)s::integer[]) AND channel_code = %(channel_code)s AND trade_ref = %(trade_ref)s
ORDER BY region_code
