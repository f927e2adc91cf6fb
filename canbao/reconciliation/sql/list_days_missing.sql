-- The days of which no trade statement of a channel counts as matched: all since the first that ever was, but not before a
-- given day, and the last one in any case.
-- Reads reconciliation_statement. Relies on reconciliation_statement_current and reconciliation_statement_version.
SELECT day.over_on::date AS day_on
FROM generate_series(
    greatest(
        %(since)s::date,
        coalesce(
            (
                SELECT min(first.day_on)
                FROM reconciliation_statement AS first
                WHERE first.region_code = %(region_code)s
                    AND first.channel_code = %(channel_code)s
                    AND first.kind = 'trades'
                    AND first.state = 'matched'
            ),
            %(last)s::date
        )
    ),
    %(last)s::date,
    interval '1 day'
) AS day (over_on)
WHERE NOT EXISTS (
    SELECT FROM reconciliation_statement AS kept
    WHERE kept.region_code = %(region_code)s
        AND kept.channel_code = %(channel_code)s
        AND kept.kind = 'trades'
        AND kept.day_on = day.over_on::date
        AND kept.is_current
        AND kept.state = 'matched'
)
ORDER BY day.over_on
