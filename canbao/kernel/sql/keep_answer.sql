-- Keep the answer of a claimed key.
-- Writes kernel_idempotency_answer by its primary key.
UPDATE kernel_idempotency_answer
SET answer = %(answer)s::jsonb
WHERE region_code = %(region_code)s AND scope = %(scope)s AND key = %(key)s AND answer IS NULL
