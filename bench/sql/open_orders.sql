-- Orders as the payer's journey leaves them when the channel has taken them: placed, and asked about only much later.
-- Writes payments_order: one row per input.
INSERT INTO payments_order (
    region_code, id, order_no, token_digest, channel_code, mode, state, amount_fen, description, agreement_version, sealed,
    sealed_key, opened_at, expires_at, opens, trade_ref, next_ask_at, asked_count, move_count, recorded_at
)
SELECT
    %(region_code)s, opened.id, opened.order_no, sha256(opened.order_no::bytea), 'wechat', 'h5', 'placed', bill.personal_fen,
    'bench', '1', sha256(opened.order_no::bytea), 1, %(now)s, %(expires_at)s, '', '', %(expires_at)s, 0, 2, %(now)s
FROM unnest(%(order_ids)s::uuid[], %(order_nos)s::text[], %(bill_ids)s::uuid[]) AS opened (id, order_no, bill_id)
JOIN billing_bill AS bill ON bill.region_code = %(region_code)s AND bill.id = opened.bill_id
