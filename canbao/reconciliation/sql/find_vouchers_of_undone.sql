-- Vouchers that stand although a refund has undone a bill that they show, of the bill itself, or of the order where no
-- lines of the voucher were kept that could be compared with what the refund left.
-- Reads billing_public_undoing and documents_public_voucher.
SELECT DISTINCT voucher.voucher_no, voucher.state
FROM billing_public_undoing AS undone
JOIN documents_public_voucher AS voucher
    ON voucher.region_code = %(region_code)s
    AND voucher.subject_id IN (undone.order_id, undone.bill_id)
    AND voucher.state = 'issued'
WHERE undone.region_code = %(region_code)s
  AND (voucher.total_fen IS NULL OR voucher.subject_kind = 'bill')
ORDER BY voucher.voucher_no
LIMIT %(limit)s
