-- What the journey wrote, in its order.
-- Reads billing_bill, billing_bill_history, kernel_outbox_event. Writes bench_bill, bench_move, bench_event.
INSERT INTO bench_bill SELECT * FROM billing_bill;
INSERT INTO bench_move SELECT * FROM billing_bill_history;
INSERT INTO bench_event SELECT * FROM kernel_outbox_event
