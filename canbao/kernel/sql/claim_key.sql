-- Claim an idempotency key: one row touched when the key is new, none when it is taken (after waiting for the one who holds it).
-- Writes kernel_idempotency_answer. Relies on its primary key.
INSERT INTO kernel_idempotency_answer (region_code, scope, key, request_hash, answer, recorded_at)
VALUES (%(region_code)s, %(scope)s, %(key)s, %(request_hash)s, NULL, %(now)s)
ON CONFLICT DO NOTHING
