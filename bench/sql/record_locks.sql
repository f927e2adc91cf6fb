-- The move of every bill that orders hold.
-- Writes billing_bill_history: one row per input.
INSERT INTO billing_bill_history (
    region_code, bill_id, move_no, event, state_from, state_to, order_id, happened_at, recorded_at
)
SELECT %(region_code)s, opened.bill_id, 1, 'lock', 'due', 'locked', opened.id, %(now)s, %(now)s
FROM unnest(%(order_ids)s::uuid[], %(bill_ids)s::uuid[]) AS opened (id, bill_id)
