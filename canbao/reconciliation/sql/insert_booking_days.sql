-- What a booking takes of closed days. Writes reconciliation_booking_day: one row per input; its primary key is the guard
-- that nothing is booked twice.
INSERT INTO reconciliation_booking_day (region_code, day_id, scheme_code, due_from, booking_id, amount_fen)
SELECT %(region_code)s, taken.day_id, %(scheme_code)s, %(due_from)s, %(booking_id)s, taken.amount_fen
FROM unnest(%(day_ids)s::uuid[], %(amounts_fen)s::bigint[]) AS taken (day_id, amount_fen)
