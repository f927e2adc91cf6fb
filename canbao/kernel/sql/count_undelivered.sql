-- How many events of a region still wait.
-- Reads kernel_outbox_event. Relies on kernel_outbox_undelivered.
SELECT count(*)
FROM kernel_outbox_event
WHERE region_code = %(region_code)s AND delivered_at IS NULL
