-- What closed days until a day brought for each scheme and due period and no booking has taken yet: for a day's first
-- version its net total, for a later one what it changes. One row per day version, scheme and due period.
-- Reads reconciliation_day of a channel with its totals; relies on reconciliation_day_version and the keys of totals and
-- booked days.
WITH shut AS (
    SELECT id, day_on, version_no
    FROM reconciliation_day
    WHERE region_code = %(region_code)s AND channel_code = %(channel_code)s AND day_on <= %(day_on)s
),
said AS (
    SELECT shut.id AS day_id, total.scheme_code, total.due_from, total.due_until,
        total.collected_fen - total.refunded_fen AS amount_fen
    FROM shut
    JOIN reconciliation_day_total AS total ON total.region_code = %(region_code)s AND total.day_id = shut.id
    UNION ALL
    SELECT later.id, total.scheme_code, total.due_from, total.due_until, total.refunded_fen - total.collected_fen
    FROM shut AS later
    JOIN shut AS former ON former.day_on = later.day_on AND former.version_no = later.version_no - 1
    JOIN reconciliation_day_total AS total ON total.region_code = %(region_code)s AND total.day_id = former.id
)
SELECT
    said.day_id, said.scheme_code, said.due_from, max(said.due_until) AS due_until,
    sum(said.amount_fen)::bigint AS amount_fen
FROM said
WHERE NOT EXISTS (
    SELECT FROM reconciliation_booking_day AS taken
    WHERE taken.region_code = %(region_code)s
        AND taken.day_id = said.day_id
        AND taken.scheme_code = said.scheme_code
        AND taken.due_from = said.due_from
)
GROUP BY said.day_id, said.scheme_code, said.due_from
ORDER BY said.scheme_code, said.due_from, said.day_id
