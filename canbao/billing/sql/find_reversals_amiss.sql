-- Cancelled bills without exactly one record that cancels them, or not zero with all their negative records; and such records
-- of bills that stand.
-- Reads billing_bill. Writes nothing.
-- Batch: the whole region; one row out per bill amiss, at most a limit.
-- Index: billing_bill_cancelled, billing_bill_one_reversal and billing_bill_refunded_once lead to the few rows concerned.
WITH cancelled AS (
    SELECT normal.id, normal.state, normal.total_fen, normal.government_fen, normal.assistance_fen, normal.personal_fen
    FROM billing_bill AS normal
    WHERE normal.region_code = %(region_code)s
      AND normal.kind = 'normal'
      AND NOT normal.is_live
),
cancelling AS (
    SELECT negative.reverses_id, negative.total_fen, negative.government_fen, negative.assistance_fen, negative.personal_fen
    FROM billing_bill AS negative
    WHERE negative.region_code = %(region_code)s
      AND negative.kind = 'reversal'
),
lessening AS (
    SELECT part.reverses_id, sum(part.personal_fen)::bigint AS fen
    FROM billing_bill AS part
    WHERE part.region_code = %(region_code)s
      AND part.refund_id IS NOT NULL
      AND part.kind = 'refund'
    GROUP BY part.reverses_id
)
SELECT
    COALESCE(cancelled.id, cancelling.reverses_id)::text AS subject,
    'a cancelled bill and one negative record, together zero' AS expected,
    COALESCE(cancelled.state || ' ' || cancelled.total_fen, 'no bill') || ' and '
    || COALESCE((cancelling.total_fen + COALESCE(lessening.fen, 0))::text, 'no record') AS found
FROM cancelled
FULL JOIN cancelling ON cancelling.reverses_id = cancelled.id
LEFT JOIN lessening ON lessening.reverses_id = cancelled.id
WHERE cancelled.id IS NULL
   OR cancelling.reverses_id IS NULL
   OR cancelled.total_fen + cancelling.total_fen + COALESCE(lessening.fen, 0) <> 0
   OR cancelled.government_fen + cancelling.government_fen <> 0
   OR cancelled.assistance_fen + cancelling.assistance_fen <> 0
   OR cancelled.personal_fen + cancelling.personal_fen + COALESCE(lessening.fen, 0) <> 0
ORDER BY 1
LIMIT %(limit)s
