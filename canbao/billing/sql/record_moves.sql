-- Write the moves that an event is about to make of bills held by this transaction.
-- Reads billing_bill. Writes billing_bill_history.
-- Batch: bill ids, each once and with when it happened, all held and in one of the event's sources; one row written per bill.
-- Index: the primary key of billing_bill.
INSERT INTO billing_bill_history (
    region_code, bill_id, move_no, event, state_from, state_to, order_id, happened_at, recorded_at
)
SELECT
    bill.region_code, bill.id, bill.move_count + 1, %(event)s, bill.state, %(target)s,
    COALESCE(%(order_id)s::uuid, bill.order_id), moved.happened_at, %(now)s
FROM unnest(%(bill_ids)s::uuid[], %(happened_ats)s::timestamptz[]) AS moved (bill_id, happened_at)
JOIN billing_bill AS bill ON bill.region_code = %(region_code)s AND bill.id = moved.bill_id
WHERE bill.region_code = %(region_code)s
  AND bill.state = ANY(%(sources)s::text[])
