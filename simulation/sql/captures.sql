-- Every capture of every region, and whether anything about its order lies before a person.
SELECT
    capture.trade_ref, capture.order_no, capture.amount_fen, capture.disposition, capture.reason,
    EXISTS (
        SELECT FROM payments_discrepancy AS discrepancy
        WHERE discrepancy.region_code = capture.region_code AND discrepancy.order_no = capture.order_no
            AND (discrepancy.state = 'open' OR EXISTS (
                SELECT FROM reconciliation_discrepancy AS found
                WHERE found.region_code = discrepancy.region_code AND found.id = discrepancy.id
                    AND found.state = 'resolved'
            ))
    )
FROM payments_capture AS capture
ORDER BY capture.trade_ref
