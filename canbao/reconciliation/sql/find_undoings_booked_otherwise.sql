-- Bills undone by refunds whose money, or whose assistance where the whole was undone, is not booked back with the same amount;
-- and bookings of either kind without such an undoing.
-- Reads billing_public_undoing and ledger_public_transfer.
WITH undone AS (
    SELECT bill_id, refund_id, 'bill_refunded' AS kind, amount_fen
    FROM billing_public_undoing
    WHERE region_code = %(region_code)s
    UNION ALL
    SELECT bill_id, refund_id, 'assistance_returned', assistance_fen
    FROM billing_public_undoing
    WHERE region_code = %(region_code)s AND is_whole AND assistance_fen <> 0
),
booked AS (
    SELECT transfer.bill_id, transfer.cause_id AS refund_id, transfer.kind, sum(transfer.amount_fen)::bigint AS amount_fen
    FROM ledger_public_transfer AS transfer
    WHERE transfer.region_code = %(region_code)s AND transfer.kind IN ('bill_refunded', 'assistance_returned')
    GROUP BY transfer.bill_id, transfer.cause_id, transfer.kind
)
SELECT
    coalesce(undone.bill_id, booked.bill_id) AS bill_id,
    coalesce(undone.kind, booked.kind) AS kind,
    coalesce(undone.amount_fen, 0)::bigint AS amount_fen,
    coalesce(booked.amount_fen, 0)::bigint AS booked_fen
FROM undone
FULL JOIN booked
    ON booked.bill_id = undone.bill_id AND booked.refund_id = undone.refund_id AND booked.kind = undone.kind
WHERE undone.amount_fen IS DISTINCT FROM booked.amount_fen
ORDER BY 1, 2
LIMIT %(limit)s
