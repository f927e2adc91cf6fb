-- The sealed facts of the newest vouchers, with the bills and amounts that stand beside them in clear.
-- Reads documents_voucher, documents_voucher_line. Writes nothing.
-- Batch: one region; at most %(limit)s rows out, those without lines left out.
-- Index: the primary keys of both, the first from its end: ids are made in the order of time.
SELECT newest.id, newest.sealed, told.bill_ids, told.paid_fens
FROM (
    SELECT voucher.id, voucher.sealed
    FROM documents_voucher AS voucher
    WHERE voucher.region_code = %(region_code)s
      AND voucher.total_fen IS NOT NULL
    ORDER BY voucher.id DESC
    LIMIT %(limit)s
) AS newest
JOIN LATERAL (
    SELECT
        array_agg(line.bill_id ORDER BY line.place) AS bill_ids,
        array_agg(line.paid_fen ORDER BY line.place) AS paid_fens
    FROM documents_voucher_line AS line
    WHERE line.region_code = %(region_code)s AND line.voucher_id = newest.id
) AS told ON told.bill_ids IS NOT NULL
ORDER BY newest.id
