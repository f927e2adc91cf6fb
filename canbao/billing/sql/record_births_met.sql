-- Write the move of bills that were met by the subsidy as they were made.
-- Reads billing_bill. Writes billing_bill_history.
-- Batch: ids of bills made in this transaction; one row written per bill.
-- Index: the primary key of billing_bill.
INSERT INTO billing_bill_history (
    region_code, bill_id, move_no, event, state_from, state_to, order_id, happened_at, recorded_at
)
SELECT bill.region_code, bill.id, 1, %(event)s, %(state_from)s, bill.state, NULL, %(now)s, %(now)s
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
