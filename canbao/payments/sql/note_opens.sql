-- The address at which the wallet opens, and until when.
-- Writes payments_order by primary key.
UPDATE payments_order
SET opens = %(opens)s, opens_until = %(opens_until)s
WHERE region_code = %(region_code)s AND id = %(order_id)s
