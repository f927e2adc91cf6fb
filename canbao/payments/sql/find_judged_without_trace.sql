-- Notices with a verdict that leaves a capture, but without one.
-- Reads payments_notice and payments_capture by payments_capture_trade.
SELECT kept.order_no, kept.verdict, kept.trade_ref
FROM payments_notice AS kept
LEFT JOIN payments_capture AS took
    ON took.region_code = %(region_code)s AND took.channel_code = kept.channel_code AND took.trade_ref = kept.trade_ref
WHERE kept.region_code = %(region_code)s
    AND kept.judged_at IS NOT NULL
    AND kept.event <> 'refund'
    AND kept.verdict NOT IN ('other_event', 'not_ours', 'currency_differs')
    AND took.id IS NULL
ORDER BY kept.id
LIMIT %(limit)s
