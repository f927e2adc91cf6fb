-- Requests of orders under the current key.
-- Writes payments_order by primary key: one row per input.
UPDATE payments_order AS kept
SET sealed = fresh.sealed, sealed_key = %(current)s
FROM unnest(%(ids)s::uuid[], %(seals)s::bytea[]) AS fresh (id, sealed)
WHERE kept.region_code = %(region_code)s AND kept.id = fresh.id
