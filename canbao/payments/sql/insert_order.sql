-- Write an order down, before any channel hears of it.
-- Writes payments_order.
INSERT INTO payments_order (
    region_code, id, order_no, token_digest, channel_code, mode, state, amount_fen, description, agreement_version,
    sealed, sealed_key, opened_at, expires_at, opens, trade_ref, next_ask_at, asked_count, move_count,
    recorded_at
) VALUES (
    %(region_code)s, %(order_id)s, %(order_no)s, %(token_digest)s, %(channel_code)s, %(mode)s, %(state)s, %(amount_fen)s,
    %(description)s, %(agreement_version)s, %(sealed)s, %(sealed_key)s, %(now)s, %(expires_at)s, '', '', %(next_ask_at)s, 0,
    1, %(now)s
)
