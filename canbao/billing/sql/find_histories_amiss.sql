-- Bills whose moves do not end in their state, or are not as many as the bill counts.
-- Reads billing_bill, billing_bill_history. Writes nothing.
-- Batch: the whole region; one row out per bill amiss, at most a limit.
-- Index: none: bills and moves are read through.
WITH told AS (
    SELECT
        move.bill_id,
        count(*) AS move_count,
        (array_agg(move.state_to ORDER BY move.move_no DESC))[1] AS state,
        max(move.move_no) AS last_move_no
    FROM billing_bill_history AS move
    WHERE move.region_code = %(region_code)s
    GROUP BY move.bill_id
)
SELECT
    bill.id::text AS subject,
    COALESCE(told.state, CASE bill.kind WHEN 'normal' THEN %(state_at_birth)s ELSE %(state_of_reversal)s END)
    || ' after ' || COALESCE(told.move_count, 0) || ' moves' AS expected,
    bill.state || ' after ' || bill.move_count || ' moves' AS found
FROM billing_bill AS bill
LEFT JOIN told ON told.bill_id = bill.id
WHERE bill.region_code = %(region_code)s
  AND (
      bill.state <> COALESCE(told.state, CASE bill.kind WHEN 'normal' THEN %(state_at_birth)s ELSE %(state_of_reversal)s END)
      OR bill.move_count <> COALESCE(told.move_count, 0)
      OR bill.move_count <> COALESCE(told.last_move_no, 0)
  )
ORDER BY bill.id
LIMIT %(limit)s
