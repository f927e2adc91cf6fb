-- The bills as they were made, in their order, without indexes.
-- Reads billing_bill. Writes bench_bill.
CREATE TABLE bench_bill AS SELECT * FROM billing_bill
