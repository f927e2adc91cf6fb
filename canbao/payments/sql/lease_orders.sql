-- Leave orders to the one who asks about them now; if that process dies, they are asked about after the lease.
-- Writes payments_order by primary key.
UPDATE payments_order
SET next_ask_at = %(until)s, asked_at = %(now)s, asked_count = least(asked_count + 1, 30000)
WHERE region_code = %(region_code)s AND id = ANY(%(order_ids)s::uuid[])
