-- Bills whose amounts do not add up, or are not those of the price that explains them. Negative records need only add up:
-- what they must come to is said by their bill.
-- Reads billing_bill, billing_price. Writes nothing.
-- Batch: the whole region; one row out per bill amiss, at most a limit.
-- Index: the primary key of billing_price; the bills are read through.
SELECT
    bill.id::text AS subject,
    CASE
        WHEN price.id IS NULL THEN 'a price'
        ELSE concat_ws('+', price.government_fen, price.assistance_fen, price.personal_fen)
    END AS expected,
    concat_ws('+', bill.government_fen, bill.assistance_fen, bill.personal_fen) || '=' || bill.total_fen AS found
FROM billing_bill AS bill
LEFT JOIN billing_price AS price ON price.region_code = bill.region_code AND price.id = bill.price_id
WHERE bill.region_code = %(region_code)s
  AND (
      price.id IS NULL
      OR bill.total_fen <> bill.government_fen + bill.assistance_fen + bill.personal_fen
      OR (
          bill.kind = 'normal'
          AND (bill.government_fen, bill.assistance_fen, bill.personal_fen)
              <> (price.government_fen, price.assistance_fen, price.personal_fen)
      )
  )
ORDER BY bill.id
LIMIT %(limit)s
