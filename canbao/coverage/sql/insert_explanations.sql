-- Keep explanations that are not kept yet.
-- Reads nothing. Writes coverage_explanation.
-- Batch: ids derived from the words, and the words, in the order of ids so that two workers wait and never deadlock.
-- Index: the primary key of coverage_explanation.
INSERT INTO coverage_explanation (region_code, id, steps, recorded_at)
SELECT %(region_code)s, input.id, input.steps, %(now)s
FROM unnest(%(ids)s::uuid[], %(steps)s::jsonb[]) AS input (id, steps)
ORDER BY input.id
ON CONFLICT (region_code, id) DO NOTHING
