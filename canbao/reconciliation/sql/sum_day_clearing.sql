-- What a day moved in a channel's clearing account, by what moved it. Reads ledger_public_transfer of a day; relies on
-- ledger_transfer_days.
SELECT
    coalesce(sum(amount_fen) FILTER (WHERE debit_account_code = 'clearing'), 0)::bigint AS in_fen,
    coalesce(sum(amount_fen) FILTER (WHERE credit_account_code = 'clearing'), 0)::bigint AS out_fen,
    coalesce(sum(amount_fen) FILTER (WHERE kind = 'bill_collected'), 0)::bigint AS collected_fen,
    coalesce(sum(amount_fen) FILTER (WHERE kind = 'capture_suspended'), 0)::bigint AS suspended_fen,
    coalesce(sum(amount_fen) FILTER (WHERE kind = 'refund_paid'), 0)::bigint AS refund_paid_fen,
    coalesce(sum(amount_fen) FILTER (WHERE kind = 'treasury_booked'), 0)::bigint AS booked_fen,
    (
        coalesce(sum(amount_fen) FILTER (WHERE kind = 'fee_charged'), 0)
        - coalesce(sum(amount_fen) FILTER (WHERE kind = 'fee_returned'), 0)
    )::bigint AS fee_fen
FROM ledger_public_transfer
WHERE region_code = %(region_code)s
    AND channel_code = %(channel_code)s
    AND happened_at >= %(day_from)s
    AND happened_at < %(day_until)s
