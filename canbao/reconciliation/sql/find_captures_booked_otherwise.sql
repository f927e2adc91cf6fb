-- Captures whose transfers into the channel's clearing account do not equal them: credited ones are booked bill by bill,
-- suspended ones once. Also such transfers that name no capture. What goes back afterwards has kinds of its own.
-- Reads payments_public_capture and ledger_public_transfer.
SELECT
    coalesce(took.capture_id, booked.capture_id) AS capture_id,
    coalesce(took.disposition, 'missing') AS disposition,
    coalesce(took.amount_fen, 0)::bigint AS amount_fen,
    coalesce(booked.amount_fen, 0)::bigint AS booked_fen
FROM (
    SELECT capture_id, disposition, amount_fen
    FROM payments_public_capture
    WHERE region_code = %(region_code)s
) AS took
FULL JOIN (
    SELECT
        transfer.capture_id,
        CASE transfer.kind WHEN 'bill_collected' THEN 'credited' ELSE 'suspended' END AS disposition,
        sum(transfer.amount_fen) AS amount_fen
    FROM ledger_public_transfer AS transfer
    WHERE transfer.region_code = %(region_code)s
        AND transfer.capture_id IS NOT NULL
        AND transfer.kind IN ('bill_collected', 'capture_suspended')
    GROUP BY transfer.capture_id, CASE transfer.kind WHEN 'bill_collected' THEN 'credited' ELSE 'suspended' END
) AS booked ON booked.capture_id = took.capture_id AND booked.disposition = took.disposition
WHERE took.amount_fen IS DISTINCT FROM booked.amount_fen
ORDER BY capture_id
LIMIT %(limit)s
