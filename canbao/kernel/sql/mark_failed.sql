-- A failed delivery is due again later: the wait grows with the attempts and its last step repeats.
-- Writes kernel_outbox_event by primary key.
UPDATE kernel_outbox_event
SET attempts = attempts + 1,
    last_error = %(error)s,
    due_at = %(now)s::timestamptz + make_interval(secs => (%(retry_s)s::integer[])[least(attempts + 1, cardinality(%(retry_s)s::integer[]))])
WHERE region_code = %(region_code)s AND id = ANY(%(ids)s::uuid[])
