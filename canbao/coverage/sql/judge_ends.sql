-- Say for each bill whether its period of cover can end on a day, holding the periods until the transaction ends.
-- Reads and locks coverage_period, in the order of ids. Writes nothing.
-- Batch: bill ids and days, the same bill twice allowed; one row out per input, in the order of the inputs. Idempotency first.
-- Index: coverage_period_one_in_force.
WITH wanted AS (
    SELECT input.bill_id, input.until_on, input.position
    FROM unnest(%(bill_ids)s::uuid[], %(untils_on)s::date[]) WITH ORDINALITY AS input (bill_id, until_on, position)
),
held AS (
    SELECT period.id, period.bill_id, period.from_on, period.until_on
    FROM coverage_period AS period
    WHERE period.region_code = %(region_code)s
      AND period.bill_id = ANY(%(bill_ids)s::uuid[])
      AND period.state = 'in_force'
      AND period.state = ANY(%(sources)s::text[])
    ORDER BY period.id
    FOR UPDATE
)
SELECT
    held.id AS period_id,
    CASE
        WHEN held.id IS NULL THEN 'not_in_force'
        WHEN row_number() OVER (PARTITION BY wanted.bill_id ORDER BY wanted.position) > 1 THEN 'not_in_force'
        WHEN wanted.until_on < held.from_on OR wanted.until_on > held.until_on THEN 'not_within'
        ELSE 'ended'
    END AS status
FROM wanted
LEFT JOIN held ON held.bill_id = wanted.bill_id
ORDER BY wanted.position
