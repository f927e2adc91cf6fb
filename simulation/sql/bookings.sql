-- Every treasury booking, by number.
SELECT booking_no, amount_fen, state, sent_by, confirmed_by, booked_on FROM reconciliation_booking ORDER BY booking_no
