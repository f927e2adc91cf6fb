-- Statements whose own pieces are not the file that they tell of: it must lie with the nation, under the same digest.
-- Reads reconciliation_statement and reconciliation_statement_part.
SELECT
    kept.id AS statement_id, kept.channel_code, kept.kind, kept.day_on, kept.digest, kept.size_bytes,
    coalesce(sum(part.size_bytes), 0)::bigint AS own_bytes
FROM reconciliation_statement AS kept
LEFT JOIN reconciliation_statement_part AS part
    ON part.region_code = %(region_code)s AND part.statement_id = kept.id
WHERE kept.region_code = %(region_code)s
GROUP BY kept.id, kept.channel_code, kept.kind, kept.day_on, kept.digest, kept.size_bytes
HAVING coalesce(sum(part.size_bytes), 0) <> kept.size_bytes
ORDER BY kept.id
