-- The floor of settling: one order, one transaction, the journey's writes and nothing else, each statement prepared.
-- `first`, `i` and `now` come from the command line; each client takes every eighth order from its own on.
\set place :first + :client_id + :i * 8
\set i :i + 1
BEGIN;
SELECT paid.region_code AS region, paid.id AS order_id, paid.amount_fen, line.bill_id, known.notice_id, known.capture_id,
       known.trade_ref, known.transfer_id, known.order_no, known.debit_account_id AS debit, known.credit_account_id AS credit
FROM bench_floor AS known
JOIN payments_order AS paid ON paid.region_code = 360100 AND paid.order_no = known.order_no
JOIN payments_order_line AS line ON line.region_code = paid.region_code AND line.order_id = paid.id
WHERE known.place = :place AND paid.state = 'placed'
FOR NO KEY UPDATE OF paid \gset
INSERT INTO payments_capture (
    region_code, id, channel_code, trade_ref, order_no, order_id, amount_fen, happened_at, learned_from, disposition, reason,
    recorded_at
) VALUES (
    :region, :capture_id, 'wechat', :trade_ref, :order_no, :order_id, :amount_fen, :now, 'notice', 'credited', '', :now
);
UPDATE payments_order
SET state = 'settled', move_count = move_count + 1, settled_at = :now, ended_at = :now, trade_ref = :trade_ref, next_ask_at = NULL
WHERE region_code = :region AND id = :order_id;
INSERT INTO payments_order_event (region_code, id, order_id, move_no, event, target, cause, recorded_at)
VALUES (:region, uuidv7(), :order_id, 3, 'settle', 'settled', :trade_ref, :now);
UPDATE billing_bill
SET state = 'paid', move_count = move_count + 1, locked_until = NULL, paid_at = :now
WHERE region_code = :region AND id = :bill_id AND state = 'locked';
INSERT INTO billing_bill_history (
    region_code, bill_id, move_no, event, state_from, state_to, order_id, happened_at, recorded_at
) VALUES (:region, :bill_id, 2, 'pay', 'locked', 'paid', :order_id, :now, :now);
INSERT INTO ledger_transfer (
    region_code, id, posting_id, kind, debit_account_id, credit_account_id, amount_fen, order_id, bill_id, capture_id, reason,
    happened_at, recorded_at
) VALUES (
    :region, :transfer_id, :capture_id, 'bill_collected', :debit, :credit, :amount_fen, :order_id, :bill_id, :capture_id, '',
    :now, :now
);
INSERT INTO ledger_unsealed (region_code, posting_id, transfer_count, recorded_at) VALUES (:region, :capture_id, 1, :now);
INSERT INTO kernel_outbox_event (region_code, id, name, payload, recorded_at, due_at, attempts, last_error)
VALUES (
    :region, uuidv7(), 'order.settled', jsonb_build_object(
        'order_id', :order_id::text, 'bill_ids', jsonb_build_array(:bill_id::text),
        'paid_at', :now::text),
    :now, :now, 0, ''
);
UPDATE payments_notice SET verdict = 'settled', judged_at = :now WHERE region_code = :region AND id = :notice_id;
COMMIT;
