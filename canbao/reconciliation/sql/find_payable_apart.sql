-- Channels whose account of refunds owed does not equal the refunds that are approved and have not ended.
-- Reads payments_public_refund and ledger_public_transfer.
SELECT
    coalesce(owed.channel_code, booked.channel_code) AS channel_code,
    coalesce(owed.amount_fen, 0)::bigint AS owed_fen,
    coalesce(booked.amount_fen, 0)::bigint AS booked_fen
FROM (
    SELECT refund.channel_code, sum(refund.amount_fen) AS amount_fen
    FROM payments_public_refund AS refund
    WHERE refund.region_code = %(region_code)s AND refund.state = ANY(%(owed)s::text[])
    GROUP BY refund.channel_code
) AS owed
FULL JOIN (
    SELECT
        transfer.channel_code,
        sum(
            CASE WHEN transfer.credit_account_code = 'refund_payable' THEN transfer.amount_fen ELSE -transfer.amount_fen END
        ) AS amount_fen
    FROM ledger_public_transfer AS transfer
    WHERE transfer.region_code = %(region_code)s
        AND (transfer.credit_account_code = 'refund_payable' OR transfer.debit_account_code = 'refund_payable')
    GROUP BY transfer.channel_code
) AS booked ON booked.channel_code = owed.channel_code
WHERE coalesce(owed.amount_fen, 0) <> coalesce(booked.amount_fen, 0)
ORDER BY channel_code
LIMIT %(limit)s
