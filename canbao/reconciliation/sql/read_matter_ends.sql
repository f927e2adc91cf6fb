-- Of these matters, those that a person has resolved and that nothing else stands of, with the number.
-- Relies on reconciliation_discrepancy_generation.
SELECT found.matter_id, found.case_no
FROM reconciliation_discrepancy AS found
WHERE found.region_code = %(region_code)s
    AND found.matter_id = ANY(%(matter_ids)s::uuid[])
    AND found.state = 'resolved'
    AND NOT EXISTS (
        SELECT FROM reconciliation_discrepancy AS later
        WHERE later.region_code = %(region_code)s
            AND later.matter_id = found.matter_id
            AND later.generation > found.generation
    )
