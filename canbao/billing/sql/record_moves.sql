-- Write the moves that an event is about to make of bills held by this transaction.
-- Reads billing_bill. Writes billing_bill_history.
-- Batch: bill ids, all held and in one of the event's sources; one row written per bill.
-- Index: the primary key of billing_bill.
INSERT INTO billing_bill_history (
    region_code, bill_id, move_no, event, state_from, state_to, order_id, happened_at, recorded_at
)
SELECT
    bill.region_code, bill.id, bill.move_count + 1, %(event)s, bill.state, %(target)s,
    COALESCE(%(order_id)s::uuid, bill.order_id), %(happened_at)s, %(now)s
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
  AND bill.state = ANY(%(sources)s::text[])
