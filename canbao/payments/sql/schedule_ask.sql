-- When to ask about an order next, while it is still asked about; null ends the asking.
-- Writes payments_order by primary key.
UPDATE payments_order
SET next_ask_at = %(at)s
WHERE region_code = %(region_code)s AND id = %(order_id)s AND next_ask_at IS NOT NULL
