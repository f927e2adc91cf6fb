-- The floor of assessing: the same bills, by one statement that works nothing out.
-- Reads bench_bill. Writes billing_bill.
INSERT INTO billing_bill (
    region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind, generation, state, move_count, price_id,
    total_fen, government_fen, assistance_fen, personal_fen, registered_elsewhere, assessed_on, order_id, locked_until, paid_at,
    reverses_id, recorded_at
)
SELECT
    region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind, generation, state, move_count, price_id,
    total_fen, government_fen, assistance_fen, personal_fen, registered_elsewhere, assessed_on, order_id, locked_until, paid_at,
    reverses_id, recorded_at
FROM bench_bill
