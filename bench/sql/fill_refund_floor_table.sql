-- Payments for the floor to give back, numbered on, with both notices of each.
-- Reads payments_notice, ledger_transfer. Writes bench_refund_floor: one row per input. Relies on payments_notice_by_order.
INSERT INTO bench_refund_floor (
    place, order_no, payment_notice_id, refund_notice_id, capture_id, trade_ref, refund_id, refund_no, refund_ref, case_no,
    clearing_id, suspense_id, refund_payable_id
)
SELECT
    %(first)s + given.place - 1, given.order_no, took.id, gave.id, gen_random_uuid(), took.trade_ref, given.refund_id,
    given.refund_no, gave.refund_ref, given.case_no, taken.debit_account_id, taken.credit_account_id,
    released.credit_account_id
FROM unnest(%(order_nos)s::text[], %(refund_ids)s::uuid[], %(refund_nos)s::text[], %(case_nos)s::text[])
    WITH ORDINALITY AS given (order_no, refund_id, refund_no, case_no, place)
JOIN payments_notice AS took
    ON took.region_code = %(region_code)s AND took.order_no = given.order_no AND took.refund_no = ''
JOIN payments_notice AS gave
    ON gave.region_code = %(region_code)s AND gave.order_no = given.order_no AND gave.refund_no = given.refund_no
CROSS JOIN (
    SELECT debit_account_id, credit_account_id FROM ledger_transfer WHERE kind = 'capture_suspended' LIMIT 1
) AS taken
CROSS JOIN (SELECT credit_account_id FROM ledger_transfer WHERE kind = 'suspense_released' LIMIT 1) AS released
