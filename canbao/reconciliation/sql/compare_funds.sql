-- Movements of a day that the channel's account and our clearing account do not have alike, with the reason where the
-- tables tell one: movement by movement, what belongs to other regions as one sum.
-- Reads reconciliation_fund_line of a statement, ledger_public_transfer of a day, payments_public_capture,
-- payments_public_refund. Relies on ledger_transfer_days, the primary key of lines, payments_capture_trade and
-- reconciliation_fund_line_ref. `regions` are the others that take part: a line whose voucher names one is theirs.
WITH theirs AS (
    SELECT
        line.business_ref AS ref,
        sum(CASE WHEN line.is_income THEN line.amount_fen ELSE -line.amount_fen END) AS amount_fen,
        min(line.line_no) AS line_no,
        bool_or(line.business_kind = ANY(%(out_words)s::text[])) AS is_out,
        bool_or(line.business_kind = ANY(%(in_words)s::text[])) AS is_in,
        bool_or(line.voucher_ref ~ '^[0-9]{6}[PR]' AND left(line.voucher_ref, 6) = ANY(%(regions)s::text[])) AS is_other
    FROM reconciliation_fund_line AS line
    WHERE line.region_code = %(region_code)s
        AND line.statement_id = %(funds_id)s
        AND line.business_kind <> ALL(%(fee_words)s::text[])
    GROUP BY line.business_ref
),
ours AS (
    SELECT
        CASE
            WHEN moved.kind = 'treasury_booked' THEN coalesce(booking.booking_no, moved.cause_id::text)
            WHEN moved.kind = 'refund_paid' THEN refund.refund_ref
            ELSE capture.trade_ref
        END AS ref,
        sum(CASE moved.debit_account_code WHEN 'clearing' THEN moved.amount_fen ELSE -moved.amount_fen END) AS amount_fen,
        bool_or(moved.kind = 'treasury_booked') AS is_booking
    FROM ledger_public_transfer AS moved
    LEFT JOIN payments_public_capture AS capture
        ON capture.region_code = %(region_code)s
        AND capture.capture_id = moved.capture_id
        AND moved.kind IN ('bill_collected', 'capture_suspended')
    LEFT JOIN payments_public_refund AS refund
        ON refund.region_code = %(region_code)s
        AND refund.refund_id = moved.cause_id
        AND moved.kind = 'refund_paid'
    LEFT JOIN reconciliation_booking AS booking
        ON booking.region_code = %(region_code)s
        AND booking.id = moved.cause_id
        AND moved.kind = 'treasury_booked'
    WHERE moved.region_code = %(region_code)s
        AND moved.channel_code = %(channel_code)s
        AND moved.happened_at >= %(day_from)s
        AND moved.happened_at < %(day_until)s
        AND moved.kind IN ('bill_collected', 'capture_suspended', 'refund_paid', 'treasury_booked')
    GROUP BY 1
),
apart AS (
    SELECT
        coalesce(theirs.ref, ours.ref, '') AS ref, theirs.line_no, coalesce(ours.amount_fen, 0)::bigint AS ours_fen,
        coalesce(theirs.amount_fen, 0)::bigint AS theirs_fen, theirs.is_out, theirs.is_in, theirs.is_other,
        ours.is_booking,
        theirs.ref IS NULL AS is_ours_alone, ours.ref IS NULL AS is_theirs_alone
    FROM theirs
    FULL JOIN ours ON ours.ref = theirs.ref
    WHERE theirs.amount_fen IS DISTINCT FROM ours.amount_fen
),
told AS (
    SELECT
        apart.ref, apart.line_no, apart.ours_fen, apart.theirs_fen,
        CASE
            WHEN apart.is_booking THEN 'to_treasury'
            WHEN apart.is_theirs_alone AND apart.is_out THEN 'paid_out'
            WHEN apart.is_theirs_alone AND apart.is_in THEN 'paid_in'
            WHEN apart.is_theirs_alone AND apart.is_other THEN 'elsewhere'
            WHEN apart.is_theirs_alone AND (
                EXISTS (
                    SELECT FROM payments_public_capture AS capture
                    WHERE capture.region_code = %(region_code)s
                        AND capture.channel_code = %(channel_code)s
                        AND capture.trade_ref = apart.ref
                        AND capture.amount_fen = apart.theirs_fen
                )
                OR EXISTS (
                    SELECT FROM payments_public_refund AS refund
                    WHERE refund.region_code = %(region_code)s
                        AND refund.channel_code = %(channel_code)s
                        AND refund.refund_ref = apart.ref
                        AND refund.state = 'succeeded'
                        AND -refund.amount_fen = apart.theirs_fen
                )
            ) THEN 'other_day'
            WHEN apart.is_ours_alone AND EXISTS (
                SELECT FROM reconciliation_fund_line AS other
                JOIN reconciliation_statement AS listing
                    ON listing.region_code = %(region_code)s
                    AND listing.id = other.statement_id
                    AND listing.is_current
                    AND listing.channel_code = %(channel_code)s
                WHERE other.region_code = %(region_code)s
                    AND other.business_ref = apart.ref
                    AND other.business_kind <> ALL(%(fee_words)s::text[])
                    AND CASE WHEN other.is_income THEN other.amount_fen ELSE -other.amount_fen END = apart.ours_fen
            ) THEN 'other_day'
            ELSE ''
        END AS kind
    FROM apart
)
SELECT
    told.kind, CASE told.kind WHEN 'elsewhere' THEN '' ELSE told.ref END AS ref, min(told.line_no) AS line_no,
    count(*)::integer AS item_count, sum(told.ours_fen)::bigint AS ours_fen, sum(told.theirs_fen)::bigint AS theirs_fen
FROM told
GROUP BY 1, 2
ORDER BY 1, 2
