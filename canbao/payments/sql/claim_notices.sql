-- Kept notices of a region that have no verdict yet, oldest first, skipping those another worker holds.
-- Reads and locks payments_notice. Relies on payments_notice_kept.
SELECT
    id AS notice_id, channel_code, event, order_no, trade_ref, amount_fen, currency, merchant_ref, app_ref, happened_at,
    refund_no, refund_ref, fate, captured_fen, account_tail
FROM payments_notice
WHERE region_code = %(region_code)s AND judged_at IS NULL
ORDER BY received_at, id
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
