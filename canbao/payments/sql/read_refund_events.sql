-- The moves of a refund, in the order they happened. Relies on payments_refund_event_move.
SELECT event, target, actor, cause, recorded_at
FROM payments_refund_event
WHERE region_code = %(region_code)s AND refund_id = %(refund_id)s
ORDER BY move_no
