-- The signed paper of a closed day. Writes reconciliation_day_paper: one row.
INSERT INTO reconciliation_day_paper (region_code, day_id, pdf, pdf_sm3, recorded_at)
VALUES (%(region_code)s, %(day_id)s, %(pdf)s, %(pdf_sm3)s, %(now)s)
