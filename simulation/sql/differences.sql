-- What statements that count say otherwise than our books, and how it was mended.
SELECT statement.region_code, statement.day_on, difference.subject, difference.verdict, difference.heal
FROM reconciliation_difference AS difference
JOIN reconciliation_statement AS statement
    ON statement.region_code = difference.region_code AND statement.id = difference.statement_id
WHERE statement.is_current
ORDER BY statement.region_code, statement.day_on, difference.subject
