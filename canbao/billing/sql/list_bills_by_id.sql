-- Bills with the price that explains them.
-- Reads billing_bill, billing_price. Writes nothing.
-- Batch: bill ids; one row out per bill found, cancelled ones and negative records too.
-- Index: the primary key of billing_bill.
SELECT
    bill.id AS bill_id, bill.person_id, bill.scheme_code, bill.insured_year, bill.due_from, bill.due_until, bill.kind, bill.state,
    bill.total_fen, bill.government_fen, bill.assistance_fen, bill.personal_fen, bill.registered_elsewhere, bill.assessed_on,
    bill.order_id, bill.locked_until, bill.paid_at, bill.reverses_id, price.policy_version_id, price.is_final, price.steps
FROM billing_bill AS bill
JOIN billing_price AS price ON price.region_code = bill.region_code AND price.id = bill.price_id
WHERE bill.region_code = %(region_code)s
  AND bill.id = ANY(%(bill_ids)s::uuid[])
ORDER BY bill.id
