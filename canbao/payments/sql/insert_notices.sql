-- Keep notices as they came. A repetition says the same and has the same id: it is one row.
-- Writes payments_notice: at most one row per input.
INSERT INTO payments_notice (
    region_code, id, channel_code, notice_ref, event, order_no, trade_ref, amount_fen, currency, merchant_ref, app_ref,
    happened_at, headers, body, received_at, refund_no, refund_ref, fate, captured_fen, account_tail, verdict
)
SELECT
    %(region_code)s, kept.id, kept.channel_code, kept.notice_ref, kept.event, kept.order_no, kept.trade_ref,
    kept.amount_fen, kept.currency, kept.merchant_ref, kept.app_ref, kept.happened_at, kept.headers::jsonb, kept.body,
    kept.received_at, kept.refund_no, kept.refund_ref, kept.fate, kept.captured_fen, kept.account_tail, ''
FROM unnest(
    %(ids)s::uuid[], %(channel_codes)s::text[], %(notice_refs)s::text[], %(events)s::text[], %(order_nos)s::text[],
    %(trade_refs)s::text[], %(amounts_fen)s::bigint[], %(currencies)s::text[], %(merchant_refs)s::text[],
    %(app_refs)s::text[], %(happened_ats)s::timestamptz[], %(headers)s::text[], %(bodies)s::bytea[],
    %(received_ats)s::timestamptz[], %(refund_nos)s::text[], %(refund_refs)s::text[], %(fates)s::text[],
    %(captureds_fen)s::bigint[], %(account_tails)s::text[]
) AS kept (
    id, channel_code, notice_ref, event, order_no, trade_ref, amount_fen, currency, merchant_ref, app_ref, happened_at,
    headers, body, received_at, refund_no, refund_ref, fate, captured_fen, account_tail
)
ON CONFLICT DO NOTHING
