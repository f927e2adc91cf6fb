-- Vouchers without their paper, or whose last move leads elsewhere than their state.
-- Reads documents_voucher, documents_voucher_pdf, documents_voucher_history. Writes nothing.
-- Batch: one region; one row out per voucher that is not as it must be, at most %(limit)s.
-- Index: the primary keys of all three.
SELECT
    voucher.id,
    paper.id IS NOT NULL AS has_paper,
    voucher.state,
    coalesce(last_move.state_to, 'issued') AS state_by_history
FROM documents_voucher AS voucher
LEFT JOIN documents_voucher_pdf AS paper ON paper.region_code = voucher.region_code AND paper.id = voucher.id
LEFT JOIN LATERAL (
    SELECT move.state_to
    FROM documents_voucher_history AS move
    WHERE move.region_code = %(region_code)s AND move.voucher_id = voucher.id
    ORDER BY move.move_no DESC
    LIMIT 1
) AS last_move ON TRUE
WHERE voucher.region_code = %(region_code)s
  AND (paper.id IS NULL OR voucher.state <> coalesce(last_move.state_to, 'issued'))
ORDER BY voucher.id
LIMIT %(limit)s
