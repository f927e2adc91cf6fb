-- The events of the bills that were met at once, again.
-- Reads bench_event. Writes kernel_outbox_event.
INSERT INTO kernel_outbox_event SELECT * FROM bench_event
