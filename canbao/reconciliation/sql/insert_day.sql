-- A closed day. Writes reconciliation_day: one row; reconciliation_day_version and _place are the guards.
INSERT INTO reconciliation_day (
    region_code, id, channel_code, day_on, version_no, place, trades_id, funds_id, trades_digest, funds_digest,
    payment_count, payment_fen, refund_count, refund_fen, collected_fen, suspended_fen, refund_paid_fen, fee_fen,
    booked_fen, clearing_in_fen, clearing_out_fen, funds_in_fen, funds_out_fen, explained_fen, balance_fen, closed_by,
    reason, closed_at, link_hash
) VALUES (
    %(region_code)s, %(day_id)s, %(channel_code)s, %(day_on)s, %(version_no)s, %(place)s, %(trades_id)s, %(funds_id)s,
    %(trades_digest)s, %(funds_digest)s, %(payment_count)s, %(payment_fen)s, %(refund_count)s, %(refund_fen)s,
    %(collected_fen)s, %(suspended_fen)s, %(refund_paid_fen)s, %(fee_fen)s, %(booked_fen)s, %(clearing_in_fen)s,
    %(clearing_out_fen)s, %(funds_in_fen)s, %(funds_out_fen)s, %(explained_fen)s, %(balance_fen)s, %(closed_by)s,
    %(reason)s, %(closed_at)s, %(link_hash)s
)
