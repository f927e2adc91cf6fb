-- Persons with more than one live bill for the same scheme, due period and kind.
-- Reads billing_bill. Writes nothing.
-- Batch: the whole region; one row out per key amiss, at most a limit.
-- Index: none: the bills are read through, so that a broken unique index would show.
SELECT
    (min(bill.id::text)) AS subject,
    'one live bill' AS expected,
    count(*)::text AS found
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND bill.state = ANY(%(live_states)s::text[])
GROUP BY bill.person_id, bill.scheme_code, bill.due_from, bill.due_until, bill.kind
HAVING count(*) > 1
ORDER BY min(bill.id::text)
LIMIT %(limit)s
