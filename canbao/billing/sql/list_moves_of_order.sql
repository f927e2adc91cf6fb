-- How bills moved for one order: locked by it, freed or paid, and cancelled again by a refund of what it paid.
-- Reads billing_bill_history. Writes nothing.
-- Batch: bill ids and one order; one row out per move, in the order of time.
-- Index: the head of the primary key of billing_bill_history.
SELECT move.bill_id, move.event, move.state_to AS state, move.recorded_at
FROM billing_bill_history AS move
WHERE move.region_code = %(region_code)s
  AND move.bill_id = ANY(%(bill_ids)s::uuid[])
  AND move.order_id = %(order_id)s::uuid
ORDER BY move.recorded_at, move.move_no, move.bill_id
