-- Orders that are paid: only live ones move; the ids that moved come back, each with its count of moves.
-- Writes payments_order by primary key: one row per settled order.
UPDATE payments_order AS paid_order
SET state = %(target)s,
    move_count = paid_order.move_count + 1,
    settled_at = %(now)s,
    ended_at = %(now)s,
    trade_ref = paid.trade_ref,
    next_ask_at = NULL
FROM unnest(%(order_ids)s::uuid[], %(trade_refs)s::text[]) AS paid (order_id, trade_ref)
WHERE paid_order.region_code = %(region_code)s
    AND paid_order.id = paid.order_id
    AND paid_order.state = ANY(%(sources)s::text[])
RETURNING paid_order.id, paid_order.move_count
