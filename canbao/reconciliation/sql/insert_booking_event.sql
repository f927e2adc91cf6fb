-- A move of a booking. Writes reconciliation_booking_event: one row; its primary key is the guard.
INSERT INTO reconciliation_booking_event (
    region_code, booking_id, move_no, event, target, actor, cause, recorded_at
) VALUES (
    %(region_code)s, %(booking_id)s, %(move_no)s, %(event)s, %(target)s, %(actor)s, %(cause)s, %(now)s
)
