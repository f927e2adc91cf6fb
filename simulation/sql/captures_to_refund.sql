-- Money of the town that somebody may ask back: all that waits in suspense, and a third of what paid bills.
SELECT capture.order_no, capture.trade_ref, capture.disposition, capture.id
FROM payments_capture AS capture
WHERE capture.region_code <> 100000
    AND (capture.disposition = 'suspended' OR right(capture.trade_ref, 1) IN ('1', '4', '7'))
ORDER BY capture.disposition DESC, capture.recorded_at DESC, capture.trade_ref
LIMIT 12
