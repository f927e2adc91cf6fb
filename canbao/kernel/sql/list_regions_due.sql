-- Regions with events to deliver. National: asked by the worker between rounds.
-- Reads kernel_outbox_event. Relies on kernel_outbox_undelivered.
SELECT DISTINCT region_code
FROM kernel_outbox_event
WHERE delivered_at IS NULL AND due_at <= %(now)s
ORDER BY region_code
