-- The pieces of a file in which a line may lie, in order: the last that begins before it, and what follows.
-- Reads reconciliation_statement_part by the head of its primary key.
SELECT part.part_no, part.first_line_no, part.packed
FROM reconciliation_statement_part AS part
WHERE part.region_code = %(region_code)s
    AND part.statement_id = %(statement_id)s
    AND part.part_no >= (
        SELECT coalesce(max(earlier.part_no), 0)
        FROM reconciliation_statement_part AS earlier
        WHERE earlier.region_code = %(region_code)s
            AND earlier.statement_id = %(statement_id)s
            AND earlier.first_line_no <= %(line_no)s
    )
ORDER BY part.part_no
LIMIT %(limit)s
