-- Regions with notices that wait for a verdict. National: asked by the worker between rounds.
-- Reads payments_notice. Relies on payments_notice_kept.
SELECT DISTINCT region_code
FROM payments_notice
WHERE judged_at IS NULL
ORDER BY region_code
