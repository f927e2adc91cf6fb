-- The newest discrepancy of each matter, locked until the transaction ends.
-- Reads and locks reconciliation_discrepancy, one batch of matters. Relies on reconciliation_discrepancy_generation.
SELECT
    found.id AS discrepancy_id, found.matter_id, found.generation, found.state, found.digest
FROM reconciliation_discrepancy AS found
WHERE found.region_code = %(region_code)s
    AND found.matter_id = ANY(%(matter_ids)s::uuid[])
    AND NOT EXISTS (
        SELECT FROM reconciliation_discrepancy AS later
        WHERE later.region_code = %(region_code)s
            AND later.matter_id = found.matter_id
            AND later.generation > found.generation
    )
ORDER BY found.id
FOR NO KEY UPDATE OF found
