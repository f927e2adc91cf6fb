-- What a fund statement adds up to: in, out, the last balance, and the fees of movements that are ours, of other regions'
-- and of nobody's. A fee that came back counts below zero.
-- Reads reconciliation_fund_line of one statement by primary key; payments_capture_trade tells whose a fee is.
SELECT
    coalesce(sum(line.amount_fen) FILTER (WHERE line.is_income), 0)::bigint AS in_fen,
    coalesce(sum(line.amount_fen) FILTER (WHERE NOT line.is_income), 0)::bigint AS out_fen,
    (array_agg(line.balance_fen ORDER BY line.line_no DESC))[1] AS balance_fen,
    coalesce(sum(fee.amount_fen) FILTER (WHERE fee.whose = 'ours'), 0)::bigint AS own_fee_fen,
    coalesce(sum(fee.amount_fen) FILTER (WHERE fee.whose = 'others'), 0)::bigint AS other_fee_fen,
    (count(*) FILTER (WHERE fee.whose = 'others'))::integer AS other_fee_count,
    coalesce(sum(fee.amount_fen) FILTER (WHERE fee.whose = 'nobodys'), 0)::bigint AS nobodys_fee_fen,
    (count(*) FILTER (WHERE fee.whose = 'nobodys'))::integer AS nobodys_fee_count
FROM reconciliation_fund_line AS line
LEFT JOIN LATERAL (
    SELECT
        CASE WHEN line.is_income THEN -line.amount_fen ELSE line.amount_fen END AS amount_fen,
        CASE
            WHEN line.voucher_ref ~ '^[0-9]{6}[PR]' AND left(line.voucher_ref, 6) = ANY(%(regions)s::text[]) THEN 'others'
            WHEN EXISTS (
                SELECT FROM payments_public_capture AS capture
                WHERE capture.region_code = %(region_code)s
                    AND capture.channel_code = %(channel_code)s
                    AND capture.trade_ref = line.business_ref
            ) OR EXISTS (
                SELECT FROM payments_public_refund AS refund
                WHERE refund.region_code = %(region_code)s
                    AND refund.channel_code = %(channel_code)s
                    AND refund.refund_ref = line.business_ref
            ) THEN 'ours'
            ELSE 'nobodys'
        END AS whose
    WHERE line.business_kind = ANY(%(fee_words)s::text[])
) AS fee ON true
WHERE line.region_code = %(region_code)s AND line.statement_id = %(funds_id)s
