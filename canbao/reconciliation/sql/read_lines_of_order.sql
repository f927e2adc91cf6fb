-- Lines of current statements that tell of an order: of the day, kind, verdict and amount. Relies on
-- reconciliation_line_trade, reconciliation_fund_line_ref and payments_capture_by_order.
WITH taken AS (
    SELECT trade_ref AS ref FROM payments_public_capture
    WHERE region_code = %(region_code)s AND order_no = %(order_no)s
    UNION
    SELECT trade_ref FROM reconciliation_difference
    WHERE region_code = %(region_code)s AND order_no = %(order_no)s AND trade_ref <> ''
),
back AS (
    SELECT refund_ref AS ref FROM payments_public_refund
    WHERE region_code = %(region_code)s AND order_no = %(order_no)s AND refund_ref <> ''
)
SELECT told.at, told.source, told.what, told.detail
FROM (
    SELECT line.happened_at AS at, 'line' AS source,
        line.kind || ' ' || line.state || ': ' || coalesce(
            differs.verdict || coalesce(nullif(' (' || differs.heal || ')', ' ()'), ''),
            CASE line.kind WHEN 'refund' THEN 'refund_matched' ELSE 'matched' END
        ) AS what,
        concat_ws(' ', listing.day_on, 'line ' || line.line_no, line.trade_ref, nullif(line.refund_no, ''),
            line.amount_fen || ' fen') AS detail
    FROM taken
    JOIN reconciliation_line AS line ON line.region_code = %(region_code)s AND line.trade_ref = taken.ref
    JOIN reconciliation_statement AS listing
        ON listing.region_code = %(region_code)s AND listing.id = line.statement_id AND listing.is_current
    LEFT JOIN reconciliation_difference AS differs
        ON differs.region_code = %(region_code)s
        AND differs.statement_id = line.statement_id
        AND differs.subject = 'line:' || line.line_no
    UNION ALL
    SELECT line.happened_at, 'funds', line.business_kind,
        concat_ws(' ', listing.day_on, 'line ' || line.line_no, line.business_ref,
            CASE WHEN line.is_income THEN '' ELSE '-' END || line.amount_fen || ' fen')
    FROM (SELECT ref FROM taken UNION SELECT ref FROM back) AS known
    JOIN reconciliation_fund_line AS line ON line.region_code = %(region_code)s AND line.business_ref = known.ref
    JOIN reconciliation_statement AS listing
        ON listing.region_code = %(region_code)s AND listing.id = line.statement_id AND listing.is_current
) AS told
ORDER BY told.at, told.source, told.detail
