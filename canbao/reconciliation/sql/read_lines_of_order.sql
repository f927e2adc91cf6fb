-- Lines of current statements that tell of an order: of the day, kind, verdict and amount. A payment's line that fits is looked
-- for in the statement of its capture's day, one that does not among the differences. Relies on the head of
-- reconciliation_line's primary key, reconciliation_line_refund, reconciliation_diff_by_trade, reconciliation_fund_line_ref and
-- payments_capture_by_order.
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
),
listed AS (
    SELECT differs.statement_id, differs.line_no
    FROM taken
    JOIN reconciliation_difference AS differs
        ON differs.region_code = %(region_code)s AND differs.trade_ref = taken.ref AND differs.line_no IS NOT NULL
    UNION
    SELECT line.statement_id, line.line_no
    FROM taken
    JOIN reconciliation_line AS line
        ON line.region_code = %(region_code)s AND line.trade_ref = taken.ref AND line.kind = 'refund'
    UNION
    SELECT line.statement_id, line.line_no
    FROM payments_public_capture AS capture
    JOIN reconciliation_statement AS listing
        ON listing.region_code = %(region_code)s
        AND listing.channel_code = capture.channel_code
        AND listing.kind = 'trades'
        AND listing.is_current
        AND listing.day_on = (capture.happened_at AT TIME ZONE 'Asia/Shanghai')::date
    JOIN reconciliation_line AS line
        ON line.region_code = %(region_code)s
        AND line.statement_id = listing.id
        AND line.trade_ref = capture.trade_ref
        AND line.kind = 'payment'
    WHERE capture.region_code = %(region_code)s AND capture.order_no = %(order_no)s
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
    FROM listed
    JOIN reconciliation_line AS line
        ON line.region_code = %(region_code)s
        AND line.statement_id = listed.statement_id
        AND line.line_no = listed.line_no
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
