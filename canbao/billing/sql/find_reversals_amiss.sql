-- Cancelled bills without exactly one negative record that makes them sum to zero, and negative records of bills that stand.
-- Reads billing_bill. Writes nothing.
-- Batch: the whole region; one row out per bill amiss, at most a limit.
-- Index: billing_bill_cancelled and billing_bill_one_reversal lead to the few rows concerned.
SELECT
    COALESCE(bill.id, reversal.id)::text AS subject,
    'a cancelled bill and one negative record, together zero' AS expected,
    COALESCE(bill.state || ' ' || bill.total_fen, 'no bill') || ' and ' || COALESCE(reversal.total_fen::text, 'no record') AS found
FROM (
    SELECT normal.id, normal.state, normal.total_fen, normal.government_fen, normal.assistance_fen, normal.personal_fen
    FROM billing_bill AS normal
    WHERE normal.region_code = %(region_code)s
      AND normal.kind = 'normal'
      AND NOT normal.is_live
) AS bill
FULL JOIN (
    SELECT
        negative.id, negative.reverses_id,
        negative.total_fen, negative.government_fen, negative.assistance_fen, negative.personal_fen
    FROM billing_bill AS negative
    WHERE negative.region_code = %(region_code)s
      AND negative.reverses_id IS NOT NULL
) AS reversal ON reversal.reverses_id = bill.id
WHERE bill.id IS NULL
   OR reversal.id IS NULL
   OR bill.total_fen + reversal.total_fen <> 0
   OR bill.government_fen + reversal.government_fen <> 0
   OR bill.assistance_fen + reversal.assistance_fen <> 0
   OR bill.personal_fen + reversal.personal_fen <> 0
ORDER BY 1
LIMIT %(limit)s
