-- Payments of one day as settling leaves them, set-wise: one capture each, spread over the day, credited to an order.
-- Writes payments_capture: so many rows. Transaction numbers are as the channel makes them, order numbers as we do; both are
-- scattered.
INSERT INTO payments_capture (
    region_code, id, channel_code, trade_ref, order_no, order_id, amount_fen, happened_at, learned_from, disposition, reason,
    recorded_at
)
SELECT
    %(region_code)s,
    md5('capture ' || place)::uuid,
    'wechat',
    '420000' || lpad((place::bigint * 7919 %% 1000003)::text, 10, '0') || '20241115' || lpad(place::text, 4, '0'),
    '360100P' || upper(left(md5('order ' || place), 11)),
    md5('order ' || place)::uuid,
    40000,
    %(day_from)s::timestamptz + make_interval(secs => place::bigint * 86399 / %(count)s),
    'notice',
    'credited',
    '',
    %(day_from)s::timestamptz + make_interval(secs => place::bigint * 86399 / %(count)s)
FROM generate_series(1, %(count)s) AS place
