-- Speak for so much more of captures, or so much less; payments_refund_total_left refuses more than was captured.
-- Writes payments_refund_total by primary key: one row per input, which names each capture once.
UPDATE payments_refund_total AS total
SET claimed_fen = total.claimed_fen + claim.amount_fen
FROM unnest(%(capture_ids)s::uuid[], %(amounts_fen)s::bigint[]) AS claim (capture_id, amount_fen)
WHERE total.region_code = %(region_code)s AND total.capture_id = claim.capture_id
