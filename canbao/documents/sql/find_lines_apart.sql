-- Vouchers whose lines do not sum to their total, or that have a total without lines, or lines without a total.
-- Reads documents_voucher, documents_voucher_line. Writes nothing.
-- Batch: one region; one row out per voucher that is not as it must be, at most %(limit)s.
-- Index: the primary keys of both.
SELECT
    voucher.id, voucher.total_fen, coalesce(told.lines_fen, 0)::bigint AS lines_fen,
    coalesce(told.line_count, 0)::bigint AS line_count
FROM documents_voucher AS voucher
LEFT JOIN (
    SELECT line.voucher_id, sum(line.paid_fen) AS lines_fen, count(*) AS line_count
    FROM documents_voucher_line AS line
    WHERE line.region_code = %(region_code)s
    GROUP BY line.voucher_id
) AS told ON told.voucher_id = voucher.id
WHERE voucher.region_code = %(region_code)s
  AND voucher.total_fen IS DISTINCT FROM told.lines_fen
ORDER BY voucher.id
LIMIT %(limit)s
