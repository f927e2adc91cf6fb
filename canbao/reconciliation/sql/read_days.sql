-- Closed days of a channel, or one of them, in the order of the chain. Relies on reconciliation_day_place.
SELECT
    id AS day_id, channel_code, day_on, version_no, place, trades_id, funds_id, trades_digest, funds_digest,
    payment_count, payment_fen, refund_count, refund_fen, collected_fen, suspended_fen, refund_paid_fen, fee_fen,
    booked_fen, clearing_in_fen, clearing_out_fen, funds_in_fen, funds_out_fen, explained_fen, balance_fen, closed_by,
    reason, closed_at, link_hash
FROM reconciliation_day
WHERE region_code = %(region_code)s
    AND (%(channel_code)s::text = '' OR channel_code = %(channel_code)s::text)
    AND (%(day_on)s::date IS NULL OR day_on = %(day_on)s::date)
    AND place > %(after_place)s
ORDER BY channel_code, place
LIMIT %(limit)s
