-- Closed days of which something was recorded after they were last closed: their figures then and now, and whether the
-- statements that count now are others. Of the days within two days; of one channel or day alone where it is named.
-- Reads reconciliation_day with its totals, ledger_public_transfer and reconciliation_statement; relies on
-- reconciliation_day_version, ledger_transfer_days and reconciliation_statement_current. One row per day that differs.
WITH shut AS (
    SELECT DISTINCT ON (own.channel_code, own.day_on)
        own.id, own.channel_code, own.day_on, own.version_no, own.closed_at, own.collected_fen, own.suspended_fen,
        own.refund_paid_fen, own.fee_fen, own.booked_fen, own.trades_digest, own.funds_digest
    FROM reconciliation_day AS own
    WHERE own.region_code = %(region_code)s
        AND own.day_on >= %(from_on)s
        AND own.day_on < %(until_on)s
        AND (%(channel_code)s::text = '' OR own.channel_code = %(channel_code)s::text)
        AND (%(day_on)s::date IS NULL OR own.day_on = %(day_on)s::date)
    ORDER BY own.channel_code, own.day_on, own.version_no DESC
),
taken_out AS (
    SELECT total.day_id, sum(total.refunded_fen)::bigint AS refunded_fen
    FROM reconciliation_day_total AS total
    WHERE total.region_code = %(region_code)s
    GROUP BY total.day_id
),
moved AS (
    SELECT
        transfer.channel_code,
        (transfer.happened_at AT TIME ZONE 'Asia/Shanghai')::date AS day_on,
        coalesce(sum(transfer.amount_fen) FILTER (WHERE transfer.kind = 'bill_collected'), 0)::bigint AS collected_fen,
        coalesce(sum(transfer.amount_fen) FILTER (WHERE transfer.kind = 'capture_suspended'), 0)::bigint AS suspended_fen,
        coalesce(sum(transfer.amount_fen) FILTER (WHERE transfer.kind = 'bill_refunded'), 0)::bigint AS refunded_fen,
        coalesce(sum(transfer.amount_fen) FILTER (WHERE transfer.kind = 'refund_paid'), 0)::bigint AS refund_paid_fen,
        coalesce(sum(transfer.amount_fen) FILTER (WHERE transfer.kind = 'treasury_booked'), 0)::bigint AS booked_fen,
        (
            coalesce(sum(transfer.amount_fen) FILTER (WHERE transfer.kind = 'fee_charged'), 0)
            - coalesce(sum(transfer.amount_fen) FILTER (WHERE transfer.kind = 'fee_returned'), 0)
        )::bigint AS fee_fen
    FROM ledger_public_transfer AS transfer
    WHERE transfer.region_code = %(region_code)s
        AND transfer.happened_at >= %(from_at)s
        AND transfer.happened_at < %(until_at)s
    GROUP BY 1, 2
),
beside AS (
    SELECT
        shut.channel_code, shut.day_on, shut.version_no, shut.closed_at,
        shut.collected_fen, coalesce(moved.collected_fen, 0) AS collected_now_fen,
        shut.suspended_fen, coalesce(moved.suspended_fen, 0) AS suspended_now_fen,
        coalesce(taken_out.refunded_fen, 0) AS refunded_fen, coalesce(moved.refunded_fen, 0) AS refunded_now_fen,
        shut.refund_paid_fen, coalesce(moved.refund_paid_fen, 0) AS refund_paid_now_fen,
        shut.fee_fen, coalesce(moved.fee_fen, 0) AS fee_now_fen,
        shut.booked_fen, coalesce(moved.booked_fen, 0) AS booked_now_fen,
        NOT coalesce(trades.digest = shut.trades_digest, FALSE) AS is_other_trades,
        NOT coalesce(funds.digest = shut.funds_digest, FALSE) AS is_other_funds
    FROM shut
    LEFT JOIN taken_out ON taken_out.day_id = shut.id
    LEFT JOIN moved ON moved.channel_code = shut.channel_code AND moved.day_on = shut.day_on
    LEFT JOIN reconciliation_statement AS trades
        ON trades.region_code = %(region_code)s
        AND trades.channel_code = shut.channel_code
        AND trades.kind = 'trades'
        AND trades.day_on = shut.day_on
        AND trades.is_current
    LEFT JOIN reconciliation_statement AS funds
        ON funds.region_code = %(region_code)s
        AND funds.channel_code = shut.channel_code
        AND funds.kind = 'funds'
        AND funds.day_on = shut.day_on
        AND funds.is_current
)
SELECT *
FROM beside
WHERE is_other_trades
    OR is_other_funds
    OR (collected_fen, suspended_fen, refunded_fen, refund_paid_fen, fee_fen, booked_fen)
    <> (collected_now_fen, suspended_now_fen, refunded_now_fen, refund_paid_now_fen, fee_now_fen, booked_now_fen)
ORDER BY channel_code, day_on
LIMIT %(limit)s
