-- Cases that stand before a person no longer. Writes payments_discrepancy by primary key: one row per input.
UPDATE payments_discrepancy
SET state = 'closed'
WHERE region_code = %(region_code)s
    AND id = ANY(%(case_ids)s::uuid[])
    AND state = 'open'
RETURNING id
