-- Move orders along an edge: only those in one of its sources; the ids that moved come back, each with its count of moves.
-- Writes payments_order by primary key. An order that ended unpaid is looked at again at look_at.
UPDATE payments_order
SET state = %(target)s,
    move_count = move_count + 1,
    ended_at = CASE WHEN %(ends)s THEN %(now)s ELSE ended_at END,
    next_ask_at = CASE WHEN %(ends)s THEN %(look_at)s ELSE next_ask_at END
WHERE region_code = %(region_code)s AND id = ANY(%(order_ids)s::uuid[]) AND state = ANY(%(sources)s::text[])
RETURNING id, move_count
