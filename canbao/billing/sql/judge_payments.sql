-- Say for each settled order whether its bills can be marked paid, all or none, holding the bills until the transaction ends.
-- Reads and locks billing_bill, in the order of ids. Writes nothing.
-- Batch: pairs of order and bill with the order's position in the input, the same order twice allowed; one row out per position.
-- Index: the primary key of billing_bill.
WITH wanted AS (
    SELECT input.position, input.order_id, input.bill_id
    FROM unnest(%(positions)s::integer[], %(order_ids)s::uuid[], %(bill_ids)s::uuid[]) AS input (position, order_id, bill_id)
),
held AS (
    SELECT bill.id, bill.state, bill.order_id
    FROM billing_bill AS bill
    WHERE bill.region_code = %(region_code)s
      AND bill.id = ANY(%(bill_ids)s::uuid[])
      AND bill.kind = 'normal'
    ORDER BY bill.id
    FOR UPDATE
),
judged AS (
    SELECT
        wanted.position,
        wanted.order_id,
        bool_and(COALESCE(held.order_id = wanted.order_id AND held.state = %(target)s, FALSE)) AS is_paid,
        bool_and(COALESCE(held.order_id = wanted.order_id AND held.state = ANY(%(sources)s::text[]), FALSE)) AS is_payable
    FROM wanted
    LEFT JOIN held ON held.id = wanted.bill_id
    GROUP BY wanted.position, wanted.order_id
)
SELECT
    judged.position,
    CASE
        WHEN judged.is_paid THEN 'exists'
        WHEN NOT judged.is_payable THEN 'not_payable'
        WHEN row_number() OVER (PARTITION BY judged.order_id ORDER BY judged.position) > 1 THEN 'exists'
        ELSE 'paid'
    END AS status
FROM judged
ORDER BY judged.position
