-- What was posted of a day of a channel after a moment, with the numbers of what it was about, oldest first.
-- Reads ledger_public_transfer of a day (ledger_transfer_days), payments_public_capture and payments_public_refund by id.
SELECT
    moved.kind, moved.amount_fen, moved.recorded_at, coalesce(capture.order_no, refund.order_no, '') AS order_no,
    coalesce(capture.trade_ref, refund.refund_no, '') AS ref
FROM ledger_public_transfer AS moved
LEFT JOIN payments_public_capture AS capture
    ON capture.region_code = %(region_code)s AND capture.capture_id = moved.capture_id
LEFT JOIN payments_public_refund AS refund
    ON refund.region_code = %(region_code)s AND refund.refund_id = moved.cause_id
WHERE moved.region_code = %(region_code)s
    AND moved.channel_code = %(channel_code)s
    AND moved.happened_at >= %(day_from)s
    AND moved.happened_at < %(day_until)s
    AND moved.recorded_at > %(after)s
ORDER BY moved.recorded_at, moved.transfer_id
LIMIT %(limit)s
