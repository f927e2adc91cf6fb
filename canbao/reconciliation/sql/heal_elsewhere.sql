-- Lines of our own merchant whose number names another region that takes part: that region judges them; answers which.
-- Writes reconciliation_difference. Relies on reconciliation_diff_standing. Reads reconciliation_line by primary key.
UPDATE reconciliation_difference AS told
SET heal = 'elsewhere', healed_at = %(now)s
FROM reconciliation_line AS line
WHERE told.region_code = %(region_code)s
    AND told.statement_id = %(statement_id)s
    AND told.healed_at IS NULL
    AND told.verdict = 'foreign'
    AND left(told.order_no, 6) = ANY(%(regions)s::text[])
    AND line.region_code = %(region_code)s
    AND line.statement_id = %(statement_id)s
    AND line.line_no = told.line_no
    AND line.merchant_ref = %(merchant_ref)s
    AND line.app_ref = %(app_ref)s
RETURNING told.statement_id, told.subject
