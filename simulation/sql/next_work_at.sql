-- When a worker next has something to do: an order or a refund to ask about or to send, an event to deliver, a notice
-- to judge; NULL where nothing waits.
SELECT min(due_at)
FROM (
    SELECT min(next_ask_at) AS due_at FROM payments_order WHERE next_ask_at IS NOT NULL
    UNION ALL
    SELECT min(next_ask_at) FROM payments_refund WHERE next_ask_at IS NOT NULL
    UNION ALL
    SELECT min(due_at) FROM kernel_outbox_event WHERE delivered_at IS NULL
    UNION ALL
    SELECT min(received_at) FROM payments_notice WHERE judged_at IS NULL
) AS waiting
