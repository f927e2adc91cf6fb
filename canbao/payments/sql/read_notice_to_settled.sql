-- Milliseconds from the arrival of the first notice for a settled order to its settlement.
-- Reads payments_notice by payments_notice_by_order and payments_order by payments_order_number.
SELECT (extract(epoch FROM asked.settled_at - min(kept.received_at)) * 1000)::integer
FROM payments_order AS asked
JOIN payments_notice AS kept ON kept.region_code = %(region_code)s AND kept.order_no = asked.order_no
WHERE asked.region_code = %(region_code)s AND asked.order_no = %(order_no)s AND asked.settled_at IS NOT NULL
GROUP BY asked.settled_at
