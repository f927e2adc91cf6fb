-- The floor of matching: one join of a statement's lines with the captures they name.
-- Reads reconciliation_line and payments_capture.
SELECT count(*), sum(line.amount_fen - capture.amount_fen)
FROM reconciliation_line AS line
JOIN payments_capture AS capture
    ON capture.region_code = %(region_code)s AND capture.channel_code = 'wechat' AND capture.trade_ref = line.trade_ref
WHERE line.region_code = %(region_code)s
