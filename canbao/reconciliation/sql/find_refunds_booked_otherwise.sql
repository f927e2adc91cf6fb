-- Refunds whose transfers do not equal them: what is approved is owed to its payer once, whoever succeeds it; what
-- succeeded is paid once; what was given up without a successor is back in suspense. Also such transfers without a refund.
-- Reads payments_public_refund and ledger_public_transfer.
SELECT
    coalesce(told.refund_no, booked.refund_id::text) AS refund_no,
    coalesce(told.kind, booked.kind) AS kind,
    coalesce(told.amount_fen, 0)::bigint AS amount_fen,
    coalesce(booked.amount_fen, 0)::bigint AS booked_fen
FROM (
    SELECT refund.refund_id, refund.refund_no, due.kind, refund.amount_fen
    FROM payments_public_refund AS refund
    CROSS JOIN LATERAL (
        VALUES
        (
            CASE WHEN refund.from_suspense THEN 'suspense_released' ELSE 'bill_refunded' END,
            refund.approved_at IS NOT NULL AND refund.replaces_id IS NULL
        ),
        ('refund_paid', refund.state = 'succeeded'),
        ('refund_withdrawn', refund.is_withdrawn)
    ) AS due (kind, is_due)
    WHERE refund.region_code = %(region_code)s AND due.is_due
) AS told
FULL JOIN (
    SELECT transfer.cause_id AS refund_id, transfer.kind, sum(transfer.amount_fen) AS amount_fen
    FROM ledger_public_transfer AS transfer
    WHERE transfer.region_code = %(region_code)s
        AND transfer.kind IN ('bill_refunded', 'suspense_released', 'refund_paid', 'refund_withdrawn')
    GROUP BY transfer.cause_id, transfer.kind
) AS booked ON booked.refund_id = told.refund_id AND booked.kind = told.kind
WHERE told.amount_fen IS DISTINCT FROM booked.amount_fen
ORDER BY refund_no, kind
LIMIT %(limit)s
