-- The order numbers about which a case is open or was resolved by people, and what kinds.
SELECT order_no, string_agg(kind, ' ' ORDER BY kind) FROM payments_discrepancy AS told
WHERE told.state = 'open' OR EXISTS (
    SELECT FROM reconciliation_discrepancy AS found
    WHERE found.region_code = told.region_code AND found.id = told.id AND found.state = 'resolved'
)
GROUP BY order_no
ORDER BY order_no
