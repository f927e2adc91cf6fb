-- What refunds have undone of bills, each with the order that had paid the bill.
-- Reads billing_public_undoing. Writes nothing.
-- Batch: bill ids; one row out per bill and refund, in the order of bills and then of time.
-- Index: billing_bill_refunded_once, and the primary key of billing_bill_history.
SELECT
    undone.bill_id, undone.record_id, undone.refund_id, undone.order_id, undone.is_whole, undone.amount_fen,
    undone.assistance_fen, undone.recorded_at
FROM billing_public_undoing AS undone
WHERE undone.region_code = %(region_code)s
  AND undone.bill_id = ANY(%(bill_ids)s::uuid[])
ORDER BY undone.bill_id, undone.recorded_at, undone.record_id
