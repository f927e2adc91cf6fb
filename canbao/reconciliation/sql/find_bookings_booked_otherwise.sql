-- Bookings that the ledger has otherwise: a booked one stands in the treasury's account with its amount, any other not at
-- all; and bookings whose days do not add up to their amount.
-- Reads reconciliation_booking, reconciliation_booking_day (reconciliation_booking_days), ledger_public_transfer.
SELECT
    coalesce(booking.booking_no, moved.cause_id::text) AS subject, coalesce(booking.state, 'missing') AS state,
    coalesce(booking.amount_fen, 0)::bigint AS amount_fen, coalesce(moved.amount_fen, 0)::bigint AS booked_fen,
    coalesce(days.amount_fen, 0)::bigint AS days_fen
FROM (SELECT * FROM reconciliation_booking WHERE region_code = %(region_code)s) AS booking
FULL JOIN (
    SELECT cause_id, sum(amount_fen) AS amount_fen
    FROM ledger_public_transfer
    WHERE region_code = %(region_code)s AND kind = 'treasury_booked'
    GROUP BY cause_id
) AS moved ON moved.cause_id = booking.id
LEFT JOIN (
    SELECT booking_id, sum(amount_fen) AS amount_fen
    FROM reconciliation_booking_day
    WHERE region_code = %(region_code)s
    GROUP BY booking_id
) AS days ON days.booking_id = booking.id
WHERE coalesce(moved.amount_fen, 0) <> CASE booking.state WHEN 'booked' THEN booking.amount_fen ELSE 0 END
    OR booking.id IS NULL
    OR booking.amount_fen IS DISTINCT FROM days.amount_fen
ORDER BY subject
LIMIT %(limit)s
