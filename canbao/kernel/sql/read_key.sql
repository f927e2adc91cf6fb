-- The kept answer of a key, and whether the request is the same.
-- Reads kernel_idempotency_answer by its primary key.
SELECT request_hash = %(request_hash)s AS same_request, answer
FROM kernel_idempotency_answer
WHERE region_code = %(region_code)s AND scope = %(scope)s AND key = %(key)s
