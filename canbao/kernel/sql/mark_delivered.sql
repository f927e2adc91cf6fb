-- Delivered events leave the queue and stay as history.
-- Writes kernel_outbox_event by primary key.
UPDATE kernel_outbox_event
SET delivered_at = %(now)s, attempts = attempts + 1, last_error = ''
WHERE region_code = %(region_code)s AND id = ANY(%(ids)s::uuid[])
