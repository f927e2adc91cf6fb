-- Of these matters, those that a person has resolved and that nothing else stands of, with the number.
-- Relies on reconciliation_discrepancy_generation, as lock_matters does.
WITH newest AS (
    SELECT one.matter_id, max(one.generation) AS generation
    FROM reconciliation_discrepancy AS one
    WHERE one.region_code = %(region_code)s
        AND one.matter_id = ANY(%(matter_ids)s::uuid[])
    GROUP BY one.matter_id
)

SELECT found.matter_id, found.case_no
FROM newest
JOIN reconciliation_discrepancy AS found
    ON found.region_code = %(region_code)s
    AND found.matter_id = newest.matter_id
    AND found.generation = newest.generation
WHERE found.state = 'resolved'
