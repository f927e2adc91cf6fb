-- Move a booking along an edge, if it stands in one of the edge's sources. Writes reconciliation_booking by primary key:
-- at most one row; answers its count of moves.
UPDATE reconciliation_booking
SET state = %(target)s::text,
    move_count = move_count + 1,
    treasury_ref = CASE %(event)s::text WHEN 'confirm' THEN %(treasury_ref)s::text ELSE treasury_ref END,
    booked_on = CASE %(event)s::text WHEN 'confirm' THEN %(booked_on)s::date ELSE booked_on END,
    confirmed_by = CASE %(event)s::text WHEN 'confirm' THEN %(actor)s::text ELSE confirmed_by END,
    reason = CASE %(event)s::text WHEN 'return' THEN %(cause)s::text WHEN 'again' THEN '' ELSE reason END,
    sent_by = CASE %(event)s::text WHEN 'again' THEN %(actor)s::text ELSE sent_by END,
    sent_at = CASE %(event)s::text WHEN 'again' THEN %(now)s::timestamptz ELSE sent_at END
WHERE region_code = %(region_code)s
    AND id = %(booking_id)s
    AND state = ANY(%(sources)s::text[])
RETURNING move_count
