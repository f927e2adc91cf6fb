-- Every refund of every region, by number.
SELECT refund_no, order_no, amount_fen, state, next_step
FROM payments_refund
ORDER BY refund_no
