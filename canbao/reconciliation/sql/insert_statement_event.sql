-- A move of a statement, with the number that the statement counted when it moved.
-- Writes reconciliation_statement_event: one row; its primary key is the guard.
INSERT INTO reconciliation_statement_event (region_code, statement_id, move_no, event, target, cause, recorded_at)
VALUES (%(region_code)s, %(statement_id)s, %(move_no)s, %(event)s, %(target)s, %(cause)s, %(now)s)
