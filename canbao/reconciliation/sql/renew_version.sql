-- A version of a day's statement whose file came again after another had taken its place: it is the newest from now on. Answers its count of moves.
-- Writes reconciliation_statement by primary key; reconciliation_statement_version is the guard.
UPDATE reconciliation_statement
SET version_no = %(version_no)s, received_at = %(now)s, move_count = move_count + 1
WHERE region_code = %(region_code)s AND id = %(statement_id)s AND NOT is_current
RETURNING move_count
