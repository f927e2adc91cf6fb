-- The pieces of a file after one of them, in order. Reads reconciliation_statement_part by the head of its primary key.
SELECT part_no, packed
FROM reconciliation_statement_part
WHERE region_code = %(region_code)s AND statement_id = %(statement_id)s AND part_no > %(after)s
ORDER BY part_no
LIMIT %(limit)s
