-- Where the money of a settled order is on its way into the treasury: for each scheme and due period of its bills, the
-- booking that took the day on which it was paid, as soon as that day was closed with it. Nulls while there is none.
-- returned_at and sent_again_at are when the treasury last sent the booking back, and when it was last handed over again.
-- Reads payments_public_order, _order_line, _capture, billing_public_bill, reconciliation_day, _booking_day, _booking,
-- _booking_event by their keys: one row per scheme and due period of an order.
SELECT DISTINCT ON (bill.scheme_code, bill.due_from)
    bill.scheme_code, bill.due_from, shut.closed_at, booking.booking_no, booking.state, booking.sent_at, booking.booked_on,
    moved.returned_at, moved.sent_again_at
FROM payments_public_order AS paid
JOIN payments_public_order_line AS line ON line.region_code = %(region_code)s AND line.order_id = paid.order_id
JOIN billing_public_bill AS bill ON bill.region_code = %(region_code)s AND bill.bill_id = line.bill_id
JOIN payments_public_capture AS capture
    ON capture.region_code = %(region_code)s
    AND capture.order_no = paid.order_no
    AND capture.order_id = paid.order_id
    AND capture.disposition = 'credited'
LEFT JOIN reconciliation_day AS shut
    ON shut.region_code = %(region_code)s
    AND shut.channel_code = paid.channel_code
    AND shut.day_on = (capture.happened_at AT TIME ZONE 'Asia/Shanghai')::date
    AND shut.closed_at >= paid.settled_at
LEFT JOIN reconciliation_booking_day AS taken
    ON taken.region_code = %(region_code)s
    AND taken.day_id = shut.id
    AND taken.scheme_code = bill.scheme_code
    AND taken.due_from = bill.due_from
LEFT JOIN reconciliation_booking AS booking ON booking.region_code = %(region_code)s AND booking.id = taken.booking_id
LEFT JOIN LATERAL (
    SELECT
        max(event.recorded_at) FILTER (WHERE event.event = 'return') AS returned_at,
        max(event.recorded_at) FILTER (WHERE event.event = 'again') AS sent_again_at
    FROM reconciliation_booking_event AS event
    WHERE event.region_code = %(region_code)s AND event.booking_id = booking.id
) AS moved ON TRUE
WHERE paid.region_code = %(region_code)s AND paid.order_id = %(order_id)s
ORDER BY bill.scheme_code, bill.due_from, shut.version_no NULLS LAST
