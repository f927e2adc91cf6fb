-- Bills that a voucher in force names otherwise than its order's payment stands behind them: left out, named although undone,
-- or named with another amount than refunds have left.
-- Reads documents_public_voucher, documents_public_voucher_line, billing_public_bill and billing_public_undoing.
WITH in_force AS (
    SELECT voucher.voucher_id, voucher.voucher_no, voucher.subject_id AS order_id
    FROM documents_public_voucher AS voucher
    WHERE voucher.region_code = %(region_code)s
      AND voucher.state = 'issued'
      AND voucher.subject_kind = 'order'
      AND voucher.total_fen IS NOT NULL
),
given_back AS (
    SELECT undone.bill_id, sum(undone.amount_fen) AS amount_fen
    FROM billing_public_undoing AS undone
    WHERE undone.region_code = %(region_code)s
      AND NOT undone.is_whole
    GROUP BY undone.bill_id
),
standing AS (
    SELECT in_force.voucher_id, bill.bill_id, bill.personal_fen - coalesce(given_back.amount_fen, 0) AS left_fen
    FROM in_force
    JOIN billing_public_bill AS bill
        ON bill.region_code = %(region_code)s AND bill.order_id = in_force.order_id AND bill.kind = 'normal' AND bill.state = 'paid'
    LEFT JOIN given_back ON given_back.bill_id = bill.bill_id
),
named AS (
    SELECT in_force.voucher_id, line.bill_id, line.paid_fen
    FROM in_force
    JOIN documents_public_voucher_line AS line
        ON line.region_code = %(region_code)s AND line.voucher_id = in_force.voucher_id
)
SELECT in_force.voucher_no, apart.bill_id, apart.left_fen::bigint, apart.paid_fen
FROM (
    SELECT voucher_id, bill_id, standing.left_fen, named.paid_fen
    FROM standing
    FULL JOIN named USING (voucher_id, bill_id)
    WHERE standing.left_fen IS DISTINCT FROM named.paid_fen
) AS apart
JOIN in_force ON in_force.voucher_id = apart.voucher_id
ORDER BY in_force.voucher_no, apart.bill_id
LIMIT %(limit)s
