-- Bookings in some states, oldest first, or one of them by its number. Relies on reconciliation_booking_by_st and
-- reconciliation_booking_number.
SELECT
    id AS booking_id, booking_no, channel_code, scheme_code, due_from, due_until, amount_fen, state, treasury_ref,
    booked_on, sent_by, confirmed_by, reason, sent_at
FROM reconciliation_booking
WHERE region_code = %(region_code)s
    AND state = ANY(%(states)s::text[])
    AND (%(booking_no)s::text = '' OR booking_no = %(booking_no)s::text)
ORDER BY sent_at, id
LIMIT %(limit)s
