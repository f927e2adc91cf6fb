-- Take due events of a region, oldest first, leased so that nobody else takes them meanwhile; skips what another worker
-- is taking. If the taker dies they are due again when the lease ends.
-- Reads and writes kernel_outbox_event. Relies on kernel_outbox_undelivered.
UPDATE kernel_outbox_event AS event
SET due_at = %(leased_until)s
WHERE event.region_code = %(region_code)s
    AND event.id IN (
        SELECT due.id
        FROM kernel_outbox_event AS due
        WHERE due.region_code = %(region_code)s AND due.delivered_at IS NULL AND due.due_at <= %(now)s
        ORDER BY due.due_at, due.id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
RETURNING event.id, event.name, event.payload, event.attempts::integer AS attempts
