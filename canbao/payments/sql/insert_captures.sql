-- Money that a channel took, credited or suspended.
-- Writes payments_capture: one row per transaction; payments_capture_trade and payments_capture_credited are the guards.
INSERT INTO payments_capture (
    region_code, id, channel_code, trade_ref, order_no, order_id, amount_fen, happened_at, learned_from, disposition,
    reason, recorded_at
)
SELECT
    %(region_code)s, seen.id, seen.channel_code, seen.trade_ref, seen.order_no, seen.order_id, seen.amount_fen,
    seen.happened_at, seen.learned_from, seen.disposition, seen.reason, %(now)s
FROM unnest(
    %(ids)s::uuid[], %(channel_codes)s::text[], %(trade_refs)s::text[], %(order_nos)s::text[], %(order_ids)s::uuid[],
    %(amounts_fen)s::bigint[], %(happened_ats)s::timestamptz[], %(learned_from)s::text[], %(dispositions)s::text[],
    %(reasons)s::text[]
) AS seen (
    id, channel_code, trade_ref, order_no, order_id, amount_fen, happened_at, learned_from, disposition, reason
)
