-- Empty tables for the floor, with their indexes and constraints.
-- Writes billing_bill, billing_bill_history.
TRUNCATE billing_bill, billing_bill_history
