-- Orders for the floor, numbered on.
-- Reads payments_notice. Writes bench_floor: one row per input. Relies on payments_notice_by_order.
INSERT INTO bench_floor (
    place, order_no, notice_id, capture_id, trade_ref, transfer_id, debit_account_id, credit_account_id
)
SELECT
    %(first)s + given.place - 1, given.order_no, notice.id, gen_random_uuid(), notice.trade_ref, gen_random_uuid(),
    %(debit_account_id)s, %(credit_account_id)s
FROM unnest(%(order_nos)s::text[]) WITH ORDINALITY AS given (order_no, place)
JOIN payments_notice AS notice ON notice.region_code = %(region_code)s AND notice.order_no = given.order_no
