-- The signed paper of a closed day. By primary key.
SELECT pdf FROM reconciliation_day_paper WHERE region_code = %(region_code)s AND day_id = %(day_id)s
