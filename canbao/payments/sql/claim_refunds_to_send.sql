-- Refunds to send now, skipping those another worker holds, and those of captures of which another was sent just before.
-- Reads and locks payments_refund. Relies on payments_refund_to_ask and payments_refund_by_capture.
SELECT due.id, due.capture_id
FROM payments_refund AS due
WHERE due.region_code = %(region_code)s
    AND due.next_ask_at <= %(now)s
    AND due.state = 'approved'
    AND (%(refund_id)s::uuid IS NULL OR due.id = %(refund_id)s::uuid)
    AND NOT EXISTS (
        SELECT 1
        FROM payments_refund AS other
        WHERE other.region_code = %(region_code)s
            AND other.capture_id = due.capture_id
            AND other.id <> due.id
            AND other.sent_at > %(not_since)s
    )
ORDER BY due.next_ask_at, due.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF due SKIP LOCKED
