-- A statement could not be read, and why. Answers its count of moves.
-- Writes reconciliation_statement by primary key.
UPDATE reconciliation_statement
SET state = %(target)s,
    move_count = move_count + 1,
    failure_code = %(failure_code)s,
    failure_params = %(failure_params)s::jsonb
WHERE region_code = %(region_code)s AND id = %(statement_id)s AND state = ANY(%(sources)s::text[])
RETURNING move_count
