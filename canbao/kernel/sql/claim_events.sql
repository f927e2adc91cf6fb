-- Due events of a region, oldest first, skipping those another worker holds.
-- Reads and locks kernel_outbox_event. Relies on kernel_outbox_undelivered.
SELECT id, name, payload, attempts::integer AS attempts
FROM kernel_outbox_event
WHERE region_code = %(region_code)s AND delivered_at IS NULL AND due_at <= %(now)s
ORDER BY due_at, id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
