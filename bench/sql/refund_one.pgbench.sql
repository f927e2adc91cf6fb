-- The floor of refunding: one payment that came too late, one transaction, the journeys' writes and nothing else, each
-- statement prepared: taken into suspense and put before a person, its refund opened, sent, told to be in work, and done.
-- `first`, `i` and `now` come from the command line; each client takes every eighth payment from its own on.
\set place :first + :client_id + :i * 8
\set i :i + 1
BEGIN;
SELECT closed.region_code AS region, closed.id AS order_id, closed.amount_fen, known.order_no, known.payment_notice_id,
       known.refund_notice_id, known.capture_id, known.trade_ref, known.refund_id, known.refund_no, known.refund_ref,
       known.case_no, known.clearing_id AS clearing, known.suspense_id AS suspense, known.refund_payable_id AS payable
FROM bench_refund_floor AS known
JOIN payments_order AS closed ON closed.region_code = 360100 AND closed.order_no = known.order_no
WHERE known.place = :place AND closed.state = 'closed'
FOR NO KEY UPDATE OF closed \gset
INSERT INTO payments_capture (
    region_code, id, channel_code, trade_ref, order_no, order_id, amount_fen, happened_at, learned_from, disposition, reason,
    recorded_at
) VALUES (
    :region, :capture_id, 'wechat', :trade_ref, :order_no, :order_id, :amount_fen, :now, 'notice', 'suspended',
    'late_capture', :now
);
INSERT INTO payments_discrepancy (
    region_code, id, case_no, kind, order_no, subject_id, expected, found, state, opened_at
) VALUES (
    :region, gen_random_uuid(), :case_no, 'late_capture', :order_no, :payment_notice_id, '400.00 CNY', '400.00 CNY', 'open',
    :now
);
INSERT INTO payments_refund_total (region_code, capture_id, captured_fen, claimed_fen)
VALUES (:region, :capture_id, :amount_fen, 0);
UPDATE payments_refund_total SET claimed_fen = :amount_fen WHERE region_code = :region AND capture_id = :capture_id;
INSERT INTO payments_refund (
    region_code, id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, captured_fen, amount_fen, reason,
    note, is_automatic, from_suspense, undoes, bill_after, steps, state, asked_by, checked_by, approved_by, asked_at,
    approved_at, deadline_at, next_step, foreign_code, refund_ref, account_tail, is_withdrawn, next_ask_at, ask_count,
    move_count, recorded_at
) VALUES (
    :region, :refund_id, :refund_no, :capture_id, :order_id, :order_no, 'wechat', :trade_ref, :amount_fen, :amount_fen,
    'paid_after_close', '', true, true, 'none', 'unchanged', jsonb_build_array(repeat('-', 1000)), 'approved', '', '', '',
    :now, :now, :now::timestamptz + interval '2 days', '', '', '', '', false, :now, 0, 1, :now
);
INSERT INTO payments_refund_event (region_code, id, refund_id, move_no, event, target, actor, cause, recorded_at)
VALUES (:region, uuidv7(), :refund_id, 1, 'owe', 'approved', 'automatic', 'paid_after_close', :now);
INSERT INTO ledger_transfer (
    region_code, id, posting_id, kind, debit_account_id, credit_account_id, amount_fen, order_id, capture_id, reason,
    happened_at, recorded_at, cause_id
) VALUES
    (:region, gen_random_uuid(), :capture_id, 'capture_suspended', :clearing, :suspense, :amount_fen, :order_id, :capture_id,
     'late_capture', :now, :now, NULL),
    (:region, gen_random_uuid(), :capture_id, 'suspense_released', :suspense, :payable, :amount_fen, :order_id, :capture_id,
     '', :now, :now, :refund_id);
INSERT INTO ledger_unsealed (region_code, posting_id, transfer_count, recorded_at) VALUES (:region, :capture_id, 2, :now);
UPDATE payments_notice SET verdict = 'late_capture', judged_at = :now
WHERE region_code = :region AND id = :payment_notice_id;
UPDATE payments_refund
SET state = 'sent', move_count = 2, sent_at = :now, next_ask_at = :now::timestamptz + interval '1 minute'
WHERE region_code = :region AND id = :refund_id AND state = 'approved';
INSERT INTO payments_refund_event (region_code, id, refund_id, move_no, event, target, actor, cause, recorded_at)
VALUES (:region, uuidv7(), :refund_id, 2, 'send', 'sent', 'worker', '', :now);
INSERT INTO payments_exchange (
    region_code, id, order_id, refund_id, verb, outcome, foreign_code, request, answer, status, asked_at, recorded_at
) VALUES (
    :region, uuidv7(), :order_id, :refund_id, 'refund', 'waiting', 'PROCESSING', repeat('-', 240), repeat('-', 560), 200,
    :now, :now
);
UPDATE payments_refund SET foreign_code = 'PROCESSING', refund_ref = :refund_ref, next_ask_at = :now::timestamptz + interval '1 minute'
WHERE region_code = :region AND id = :refund_id;
UPDATE payments_refund
SET state = 'succeeded', move_count = 3, succeeded_at = :now, ended_at = :now, next_ask_at = NULL, foreign_code = 'succeeded'
WHERE region_code = :region AND id = :refund_id AND state = 'sent';
INSERT INTO payments_refund_event (region_code, id, refund_id, move_no, event, target, actor, cause, recorded_at)
VALUES (:region, uuidv7(), :refund_id, 3, 'succeed', 'succeeded', 'wechat', 'notice: succeeded', :now);
INSERT INTO ledger_transfer (
    region_code, id, posting_id, kind, debit_account_id, credit_account_id, amount_fen, order_id, capture_id, reason,
    happened_at, recorded_at, cause_id
) VALUES (
    :region, gen_random_uuid(), :refund_id, 'refund_paid', :payable, :clearing, :amount_fen, :order_id, :capture_id, '', :now,
    :now, :refund_id
);
INSERT INTO ledger_unsealed (region_code, posting_id, transfer_count, recorded_at) VALUES (:region, :refund_id, 1, :now);
UPDATE payments_notice SET verdict = 'succeeded', judged_at = :now
WHERE region_code = :region AND id = :refund_notice_id;
COMMIT;
