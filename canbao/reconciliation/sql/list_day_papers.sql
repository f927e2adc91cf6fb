-- The papers of closed days. By primary key.
SELECT day_id, pdf, pdf_sm3
FROM reconciliation_day_paper
WHERE region_code = %(region_code)s AND day_id = ANY(%(day_ids)s::uuid[])
