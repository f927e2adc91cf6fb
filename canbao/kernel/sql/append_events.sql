-- Events of one name, written with the money they follow.
-- Writes kernel_outbox_event: one row per payload.
INSERT INTO kernel_outbox_event (region_code, id, name, payload, recorded_at, due_at, attempts, last_error)
SELECT %(region_code)s, event.id, %(name)s, event.payload::jsonb, %(now)s, %(now)s, 0, ''
FROM unnest(%(ids)s::uuid[], %(payloads)s::text[]) AS event (id, payload)
