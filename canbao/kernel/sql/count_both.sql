-- Count one more coming of a caller and of what he asks for, and answer both counts by bucket. Of a caller beyond his
-- limit the second count falls on a subject of his own.
-- Writes kernel_throttle (local). Relies on its primary key. The caller's row is held before it is counted up, so that
-- callers who come at once do not all judge by the same count.
WITH held AS MATERIALIZED (
    SELECT count
    FROM kernel_throttle
    WHERE bucket = %(caller_bucket)s AND subject = %(caller_subject)s AND window_starts_at = %(caller_window_starts_at)s
    FOR UPDATE
)
INSERT INTO kernel_throttle (bucket, subject, window_starts_at, count)
SELECT
    coming.bucket,
    CASE WHEN coming.is_caller OR coalesce(held.count, 0) < %(caller_at_most)s THEN coming.subject ELSE %(instead_subject)s END,
    coming.window_starts_at,
    1
FROM (
    VALUES
        (%(caller_bucket)s, %(caller_subject)s, %(caller_window_starts_at)s, true),
        (%(asked_bucket)s, %(asked_subject)s, %(asked_window_starts_at)s, false)
) AS coming (bucket, subject, window_starts_at, is_caller)
LEFT JOIN held ON true
ON CONFLICT (bucket, subject, window_starts_at) DO UPDATE SET count = kernel_throttle.count + 1
RETURNING bucket, count
