-- Every capture of every region, and whether anything about its order lies before a person.
SELECT
    capture.trade_ref, capture.order_no, capture.amount_fen, capture.disposition, capture.reason,
    EXISTS (
        SELECT FROM payments_discrepancy AS discrepancy
        WHERE discrepancy.region_code = capture.region_code AND discrepancy.order_no = capture.order_no
            AND discrepancy.state = 'open'
    )
FROM payments_capture AS capture
ORDER BY capture.trade_ref
