-- Count one more coming of a subject in a window and answer the count.
-- Writes kernel_throttle (local). Relies on its primary key.
INSERT INTO kernel_throttle (bucket, subject, window_starts_at, count)
VALUES (%(bucket)s, %(subject)s, %(window_starts_at)s, 1)
ON CONFLICT (bucket, subject, window_starts_at) DO UPDATE SET count = kernel_throttle.count + 1
RETURNING count
