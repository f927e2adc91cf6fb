-- The channel's numbers of the transactions and refunds that a region has recorded.
SELECT trade_ref FROM payments_capture WHERE region_code = %(region)s
UNION
SELECT refund_ref FROM payments_refund WHERE region_code = %(region)s AND refund_ref <> ''
