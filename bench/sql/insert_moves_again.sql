-- The moves of the bills that were met at once, again.
-- Reads bench_move. Writes billing_bill_history.
INSERT INTO billing_bill_history SELECT * FROM bench_move
