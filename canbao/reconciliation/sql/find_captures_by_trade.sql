-- Of these transactions, those that a region has recorded. Reads payments_public_capture by payments_capture_trade.
SELECT trade_ref
FROM payments_public_capture
WHERE region_code = %(region_code)s AND channel_code = %(channel_code)s AND trade_ref = ANY(%(trade_refs)s::text[])
