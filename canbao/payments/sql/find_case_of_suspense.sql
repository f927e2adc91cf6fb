-- An open case that tells of a capture's money in suspense, if there is one: of the order's number and the reason for which
-- the money was suspended, or of a refund of the very capture. A case of other money of the same order tells nothing of it.
-- Reads payments_discrepancy and payments_refund: the open ones of a region. Relies on payments_discrepancy_by_state and the
-- primary key of payments_refund.
SELECT told.id
FROM payments_discrepancy AS told
LEFT JOIN payments_refund AS ended
    ON ended.region_code = %(region_code)s AND ended.id = told.subject_id
WHERE told.region_code = %(region_code)s
    AND told.state = 'open'
    AND told.order_no = %(order_no)s
    AND (
        told.kind = %(reason)s
        OR told.kind = %(left_kind)s AND ended.capture_id = %(capture_id)s
    )
ORDER BY told.id
LIMIT 1
