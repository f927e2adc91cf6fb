-- Where the rows of an assessment are laid aside: tables alike, without indexes.
-- Reads and writes nothing.
CREATE TABLE bench_bill AS SELECT * FROM billing_bill WHERE FALSE;
CREATE TABLE bench_move AS SELECT * FROM billing_bill_history WHERE FALSE;
CREATE TABLE bench_event AS SELECT * FROM kernel_outbox_event WHERE FALSE
