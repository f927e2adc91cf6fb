-- A booking, locked until the transaction ends. Relies on reconciliation_booking_number.
SELECT
    id AS booking_id, booking_no, channel_code, scheme_code, due_from, due_until, amount_fen, state, treasury_ref,
    booked_on, sent_by, confirmed_by, reason, sent_at
FROM reconciliation_booking
WHERE region_code = %(region_code)s AND booking_no = %(booking_no)s
FOR NO KEY UPDATE
