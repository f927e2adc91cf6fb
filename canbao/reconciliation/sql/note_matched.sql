-- Every line of a statement has its verdict. Answers its count of moves.
-- Writes reconciliation_statement by primary key.
UPDATE reconciliation_statement
SET state = %(target)s, move_count = move_count + 1, matched_at = %(now)s
WHERE region_code = %(region_code)s AND id = %(statement_id)s AND state = ANY(%(sources)s::text[])
RETURNING move_count
