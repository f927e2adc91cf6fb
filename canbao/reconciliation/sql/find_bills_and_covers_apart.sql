-- Bills that are met (paid, or by the subsidy alone) without exactly one cover in force, and covers without such a bill.
-- Reads billing_public_bill and coverage_public_period.
SELECT
    coalesce(bill.bill_id, cover.bill_id) AS bill_id,
    coalesce(bill.state, '') AS state,
    coalesce(cover.covers, 0)::integer AS covers
FROM (
    SELECT bill_id, state
    FROM billing_public_bill
    WHERE region_code = %(region_code)s AND state IN ('paid', 'met_by_subsidy')
) AS bill
FULL JOIN (
    SELECT period.bill_id, count(*) AS covers
    FROM coverage_public_period AS period
    WHERE period.region_code = %(region_code)s AND period.state = 'in_force'
    GROUP BY period.bill_id
) AS cover ON cover.bill_id = bill.bill_id
WHERE bill.bill_id IS NULL OR cover.covers IS DISTINCT FROM 1
ORDER BY 1
LIMIT %(limit)s
