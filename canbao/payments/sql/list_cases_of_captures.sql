-- Open cases of a kind whose subject is a refund, each with the capture of that refund, oldest first.
-- Reads payments_discrepancy and payments_refund: at most one page of cases. Relies on payments_discrepancy_by_state and
-- the primary key of payments_refund.
SELECT found.id AS case_id, refund.capture_id
FROM payments_discrepancy AS found
JOIN payments_refund AS refund
    ON refund.region_code = %(region_code)s AND refund.id = found.subject_id
WHERE found.region_code = %(region_code)s
    AND found.state = 'open'
    AND found.kind = %(kind)s
ORDER BY found.opened_at, found.id
LIMIT %(limit)s
