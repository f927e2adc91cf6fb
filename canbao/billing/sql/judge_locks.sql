-- Say for each bill whether this order may have it, holding the bills until the transaction ends.
-- Reads billing_price; reads and locks billing_bill, in the order of ids. Writes nothing.
-- Batch: bill ids, the same one twice allowed; one row out per input, in the order of the inputs. Idempotency first.
-- Index: the primary key of billing_bill.
WITH wanted AS (
    SELECT input.bill_id, input.position
    FROM unnest(%(bill_ids)s::uuid[]) WITH ORDINALITY AS input (bill_id, position)
),
held AS (
    SELECT bill.id, bill.state, bill.order_id, bill.registered_elsewhere, price.is_final
    FROM billing_bill AS bill
    JOIN billing_price AS price ON price.region_code = bill.region_code AND price.id = bill.price_id
    WHERE bill.region_code = %(region_code)s
      AND bill.id = ANY(%(bill_ids)s::uuid[])
      AND bill.kind = 'normal'
    ORDER BY bill.id
    FOR UPDATE OF bill
)
SELECT
    CASE
        WHEN held.state = 'locked' AND held.order_id = %(order_id)s::uuid THEN 'exists'
        WHEN held.id IS NULL THEN 'not_found'
        WHEN held.state = 'paid' THEN 'already_paid'
        WHEN held.state = 'met_by_subsidy' THEN 'met_by_subsidy'
        WHEN held.state = 'locked' THEN 'locked_by_other'
        WHEN held.state <> ALL(%(sources)s::text[]) THEN 'voided'
        WHEN held.registered_elsewhere THEN 'registered_elsewhere'
        WHEN NOT held.is_final THEN 'amount_not_final'
        WHEN row_number() OVER (PARTITION BY wanted.bill_id ORDER BY wanted.position) > 1 THEN 'exists'
        ELSE 'locked'
    END AS status
FROM wanted
LEFT JOIN held ON held.id = wanted.bill_id
ORDER BY wanted.position
