-- The moves of a booking in their order. By primary key.
SELECT move_no, event, target, actor, cause, recorded_at
FROM reconciliation_booking_event
WHERE region_code = %(region_code)s AND booking_id = %(booking_id)s
ORDER BY move_no
