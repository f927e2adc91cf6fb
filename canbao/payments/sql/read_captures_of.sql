-- Every capture that named an order's number, in time order. Relies on payments_capture_by_order.
SELECT id AS capture_id, trade_ref, amount_fen, disposition, reason, happened_at, recorded_at
FROM payments_capture
WHERE region_code = %(region_code)s AND order_no = %(order_no)s
ORDER BY recorded_at, id
