-- The newest discrepancy of each matter, locked until the transaction ends.
-- Reads and locks reconciliation_discrepancy, one batch of matters. Relies on reconciliation_discrepancy_generation, by which
-- the newest are found first: comparing each with all others of its matter was seen to take seconds where thousands had
-- just been written and the planner knew of none.
WITH newest AS (
    SELECT one.matter_id, max(one.generation) AS generation
    FROM reconciliation_discrepancy AS one
    WHERE one.region_code = %(region_code)s
        AND one.matter_id = ANY(%(matter_ids)s::uuid[])
    GROUP BY one.matter_id
)

SELECT
    found.id AS discrepancy_id, found.matter_id, found.generation, found.state, found.digest
FROM newest
JOIN reconciliation_discrepancy AS found
    ON found.region_code = %(region_code)s
    AND found.matter_id = newest.matter_id
    AND found.generation = newest.generation
ORDER BY found.id
FOR NO KEY UPDATE OF found
