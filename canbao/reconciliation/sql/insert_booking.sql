-- Money handed to the treasury. Writes reconciliation_booking: one row.
INSERT INTO reconciliation_booking (
    region_code, id, booking_no, channel_code, scheme_code, due_from, due_until, amount_fen, state, treasury_ref,
    booked_on, sent_by, confirmed_by, reason, sent_at, move_count
) VALUES (
    %(region_code)s, %(booking_id)s, %(booking_no)s, %(channel_code)s, %(scheme_code)s, %(due_from)s, %(due_until)s,
    %(amount_fen)s, %(state)s, '', NULL, %(sent_by)s, '', '', %(now)s, 1
)
