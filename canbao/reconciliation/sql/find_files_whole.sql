-- Of these files, told by channel, kind, day and digest, those that lie here whole: their places in the arrays, from 1 on.
-- Reads reconciliation_statement and reconciliation_statement_part. Relies on reconciliation_statement_digest.
SELECT wanted.place::integer AS place
FROM unnest(
    %(channel_codes)s::text[], %(kinds)s::text[], %(days_on)s::date[], %(digests)s::bytea[]
) WITH ORDINALITY AS wanted (channel_code, kind, day_on, digest, place)
JOIN reconciliation_statement AS kept
    ON kept.region_code = %(region_code)s
    AND kept.channel_code = wanted.channel_code
    AND kept.kind = wanted.kind
    AND kept.day_on = wanted.day_on
    AND kept.digest = wanted.digest
LEFT JOIN reconciliation_statement_part AS part
    ON part.region_code = %(region_code)s AND part.statement_id = kept.id
GROUP BY wanted.place, kept.id, kept.size_bytes
HAVING coalesce(sum(part.size_bytes), 0) = kept.size_bytes
ORDER BY wanted.place
