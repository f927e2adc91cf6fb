-- Lines of settled orders whose bill is neither paid by that order nor was until a refund undid it whole, or has another
-- amount, or is booked with another.
-- Reads payments_public_order, payments_public_order_line, billing_public_bill, billing_public_undoing and
-- ledger_public_transfer.
SELECT
    asked.order_no,
    line.bill_id,
    line.amount_fen,
    coalesce(bill.state, 'missing') AS state,
    coalesce(bill.personal_fen, 0)::bigint AS personal_fen,
    coalesce(booked.amount_fen, 0)::bigint AS booked_fen
FROM payments_public_order AS asked
JOIN payments_public_order_line AS line
    ON line.region_code = %(region_code)s AND line.order_id = asked.order_id
LEFT JOIN billing_public_bill AS bill
    ON bill.region_code = %(region_code)s AND bill.bill_id = line.bill_id
LEFT JOIN (
    SELECT transfer.order_id, transfer.bill_id, sum(transfer.amount_fen) AS amount_fen
    FROM ledger_public_transfer AS transfer
    WHERE transfer.region_code = %(region_code)s AND transfer.kind = 'bill_collected'
    GROUP BY transfer.order_id, transfer.bill_id
) AS booked ON booked.order_id = line.order_id AND booked.bill_id = line.bill_id
LEFT JOIN billing_public_undoing AS undone
    ON undone.region_code = %(region_code)s
    AND undone.bill_id = line.bill_id
    AND undone.order_id = asked.order_id
    AND undone.is_whole
WHERE asked.region_code = %(region_code)s
    AND asked.state = 'settled'
    AND (
        (undone.bill_id IS NULL AND (bill.state IS DISTINCT FROM 'paid' OR bill.order_id IS DISTINCT FROM asked.order_id))
        OR bill.personal_fen IS DISTINCT FROM line.amount_fen
        OR booked.amount_fen IS DISTINCT FROM line.amount_fen
    )
ORDER BY asked.order_no, line.bill_id
LIMIT %(limit)s
