-- Bills lessened by refunds whose difference is not booked as owed by the assisting fund with the same amount; bills undone as
-- a whole after that whose differences together are not booked back; and bookings of either kind without such an undoing.
-- A booking counts by bill, refund and kind, all of its transfers added up: one that stands twice is found by its sum.
-- Reads billing_public_undoing and ledger_public_transfer.
WITH undone AS (
    SELECT bill_id, refund_id, 'difference_met' AS kind, amount_fen
    FROM billing_public_undoing
    WHERE region_code = %(region_code)s AND NOT is_whole
    UNION ALL
    SELECT whole.bill_id, whole.refund_id, 'difference_returned', sum(part.amount_fen)::bigint
    FROM billing_public_undoing AS whole
    JOIN billing_public_undoing AS part
        ON part.region_code = %(region_code)s AND part.bill_id = whole.bill_id AND NOT part.is_whole
    WHERE whole.region_code = %(region_code)s AND whole.is_whole
    GROUP BY whole.bill_id, whole.refund_id
),
booked AS (
    SELECT transfer.bill_id, transfer.cause_id AS refund_id, transfer.kind, sum(transfer.amount_fen)::bigint AS amount_fen
    FROM ledger_public_transfer AS transfer
    WHERE transfer.region_code = %(region_code)s AND transfer.kind IN ('difference_met', 'difference_returned')
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
ORDER BY 1, 2, 3, 4
LIMIT %(limit)s
