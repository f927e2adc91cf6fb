-- What says of differences which matters they are: arrays in, one row out per difference.
-- Reads reconciliation_difference and reconciliation_statement by primary key.
SELECT
    whole.channel_code, whole.day_on, told.subject, told.line_no, told.verdict, told.kind, told.trade_ref, told.refund_no,
    told.refund_ref, told.heal
FROM unnest(%(statement_ids)s::uuid[], %(subjects)s::text[]) AS asked (statement_id, subject)
JOIN reconciliation_difference AS told
    ON told.region_code = %(region_code)s
    AND told.statement_id = asked.statement_id
    AND told.subject = asked.subject
JOIN reconciliation_statement AS whole ON whole.region_code = %(region_code)s AND whole.id = told.statement_id
