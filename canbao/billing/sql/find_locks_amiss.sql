-- Bills that are locked or paid without an order, or name an order although nobody holds them.
-- Reads billing_bill. Writes nothing.
-- Batch: the whole region; one row out per bill amiss, at most a limit.
-- Index: none: the bills are read through.
SELECT
    bill.id::text AS subject,
    CASE WHEN bill.state = ANY(%(held_states)s::text[]) THEN 'an order' ELSE 'no order' END AS expected,
    bill.state || ' by ' || COALESCE(bill.order_id::text, 'no order') AS found
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s
  AND (bill.state = ANY(%(held_states)s::text[])) <> (bill.order_id IS NOT NULL)
ORDER BY bill.id
LIMIT %(limit)s
