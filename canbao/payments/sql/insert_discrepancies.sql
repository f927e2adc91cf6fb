-- Cases for a person. The id is derived from what differs, so the same difference is one case.
-- Writes payments_discrepancy: at most one row per input.
INSERT INTO payments_discrepancy (
    region_code, id, case_no, kind, order_no, subject_id, expected, found, state, opened_at
)
SELECT
    %(region_code)s, differs.id, differs.case_no, differs.kind, differs.order_no, differs.subject_id, differs.expected,
    differs.found, 'open', %(now)s
FROM unnest(
    %(ids)s::uuid[], %(case_nos)s::text[], %(kinds)s::text[], %(order_nos)s::text[], %(subject_ids)s::uuid[],
    %(expecteds)s::text[], %(founds)s::text[]
) AS differs (id, case_no, kind, order_no, subject_id, expected, found)
ON CONFLICT DO NOTHING
