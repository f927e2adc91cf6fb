-- Bills lessened by refunds that were never paid, or by more than was paid, or stand live but unpaid.
-- Reads billing_bill, billing_bill_history. Writes nothing.
-- Batch: the whole region; one row out per bill amiss, at most a limit.
-- Index: billing_bill_refunded_once leads to the few records, the primary keys to their bills and moves.
SELECT
    record.reverses_id::text AS subject,
    'a bill that was paid, lessened by no more than that' AS expected,
    COALESCE(bill.state || ' ' || bill.personal_fen, 'no bill') || ' lessened by ' || -record.fen AS found
FROM (
    SELECT negative.reverses_id, sum(negative.personal_fen)::bigint AS fen
    FROM billing_bill AS negative
    WHERE negative.region_code = %(region_code)s
      AND negative.refund_id IS NOT NULL
    GROUP BY negative.reverses_id
) AS record
LEFT JOIN billing_bill AS bill ON bill.region_code = %(region_code)s AND bill.id = record.reverses_id
WHERE bill.id IS NULL
   OR bill.personal_fen + record.fen < 0
   OR (bill.is_live AND bill.state <> %(paid)s)
   OR NOT EXISTS (
       SELECT 1
       FROM billing_bill_history AS move
       WHERE move.region_code = %(region_code)s AND move.bill_id = bill.id AND move.state_to = %(paid)s
   )
ORDER BY 1
LIMIT %(limit)s
