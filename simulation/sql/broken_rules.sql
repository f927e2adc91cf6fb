-- Every rule that the books of all regions break at this instant: which rule, about what, and what was found.
-- `now` is the present; `began_on` the first day; `patience` how long a platform whose workers were away for hours may take; `acknowledged` the
-- numbers of the notices that were answered with a yes.
-- A case is before a person while it is open, and from then on what a person said of it stands.
WITH open_case AS (
    SELECT told.region_code, told.order_no, told.subject_id
    FROM payments_discrepancy AS told
    WHERE told.state = 'open' OR EXISTS (
        SELECT FROM reconciliation_discrepancy AS found
        WHERE found.region_code = told.region_code AND found.id = told.id AND found.state = 'resolved'
    )
),

balance AS (
    SELECT account.account_code, sum(CASE WHEN account.id = transfer.debit_account_id THEN 1 ELSE -1 END * amount_fen)
        AS debit_fen
    FROM ledger_transfer AS transfer
    JOIN ledger_account AS account
        ON account.region_code = transfer.region_code
        AND account.id IN (transfer.debit_account_id, transfer.credit_account_id)
    GROUP BY account.account_code
),

standing AS (
    SELECT
        coalesce((SELECT sum(debit_fen) FROM balance WHERE account_code IN ('clearing', 'treasury', 'channel_fee')), 0)
            AS held_fen,
        coalesce((SELECT -sum(debit_fen) FROM balance WHERE account_code = 'refund_payable'), 0) AS payable_fen,
        coalesce((SELECT -sum(debit_fen) FROM balance WHERE account_code = 'suspense'), 0) AS suspense_fen,
        coalesce((
            SELECT -sum(debit_fen) FROM balance WHERE account_code IN ('contribution_income', 'assistance_receivable')
        ), 0) AS credited_fen,
        coalesce((SELECT sum(amount_fen) FROM payments_capture), 0) AS taken_fen,
        coalesce((SELECT sum(amount_fen) FROM payments_refund WHERE state = 'succeeded'), 0) AS refunded_fen,
        coalesce((
            SELECT sum(amount_fen) FROM payments_refund WHERE state IN ('approved', 'sent', 'unknown', 'by_hand')
        ), 0) AS owed_fen,
        coalesce((SELECT sum(personal_fen) FROM billing_bill WHERE state = 'paid'), 0) AS paid_fen
)

SELECT 'what was taken and not given back is held' AS rule, 'clearing' AS subject, held_fen || ' for ' || taken_fen
    || ' - ' || refunded_fen AS found
FROM standing WHERE held_fen <> taken_fen - refunded_fen
UNION ALL
SELECT 'what is promised back is payable', 'refund_payable', payable_fen || ' for ' || owed_fen
FROM standing WHERE payable_fen <> owed_fen
UNION ALL
SELECT 'what is credited paid a bill', 'contribution_income', credited_fen || ' for ' || paid_fen
FROM standing WHERE credited_fen <> paid_fen
UNION ALL
SELECT 'every fen is credited, in suspense, owed or refunded', 'all', taken_fen || ' for ' || credited_fen || ' + '
    || suspense_fen || ' + ' || payable_fen || ' + ' || refunded_fen
FROM standing WHERE taken_fen <> credited_fen + suspense_fen + payable_fen + refunded_fen
UNION ALL
SELECT 'no bill is paid twice', line.bill_id::text, count(*) || ' settled orders'
FROM payments_order_line AS line
JOIN payments_order AS o ON o.region_code = line.region_code AND o.id = line.order_id
WHERE o.state = 'settled'
GROUP BY line.bill_id HAVING count(*) > 1
UNION ALL
SELECT 'an order is credited once', capture.order_no, count(*) || ' credited captures'
FROM payments_capture AS capture
WHERE capture.disposition = 'credited'
GROUP BY capture.order_no HAVING count(*) > 1
UNION ALL
SELECT 'a live order holds its bills', o.order_no, bill.state || ' ' || coalesce(bill.order_id::text, '')
FROM payments_order AS o
JOIN payments_order_line AS line ON line.region_code = o.region_code AND line.order_id = o.id
JOIN billing_bill AS bill ON bill.region_code = line.region_code AND bill.id = line.bill_id
WHERE o.state IN ('open', 'placed', 'unknown') AND (bill.state <> 'locked' OR bill.order_id IS DISTINCT FROM o.id)
UNION ALL
SELECT 'no bill is held by an order that is over', bill.id::text, o.order_no || ' ' || o.state
FROM billing_bill AS bill
JOIN payments_order AS o ON o.region_code = bill.region_code AND o.id = bill.order_id
WHERE bill.state = 'locked' AND o.state NOT IN ('open', 'placed', 'unknown')
UNION ALL
SELECT 'no cover without payment', cover.bill_id::text, bill.state
FROM coverage_period AS cover
JOIN billing_bill AS bill ON bill.region_code = cover.region_code AND bill.id = cover.bill_id
WHERE cover.state = 'in_force' AND cover.until_on > cover.from_on AND bill.state NOT IN ('paid', 'met_by_subsidy')
UNION ALL
SELECT 'no payment without cover', bill.id::text, bill.state
FROM billing_bill AS bill
WHERE bill.state = 'paid' AND bill.paid_at < %(now)s::timestamptz - %(patience)s::interval
    AND NOT EXISTS (
        SELECT FROM coverage_period AS cover
        WHERE cover.region_code = bill.region_code AND cover.bill_id = bill.id AND cover.state = 'in_force'
    )
UNION ALL
SELECT 'money in suspense is spoken for by a refund or lies before a person', waiting.trade_ref,
    waiting.reason || ' ' || waiting.suspense_fen
FROM (
    SELECT took.region_code, took.order_no, took.order_id, took.channel_code, took.trade_ref, took.reason,
        CASE took.disposition WHEN 'suspended' THEN took.amount_fen ELSE 0 END
        + coalesce(sum(refund.amount_fen) FILTER (WHERE refund.is_withdrawn), 0)
        - coalesce(sum(refund.amount_fen) FILTER (
            WHERE refund.from_suspense AND refund.replaces_id IS NULL AND refund.state <> 'rejected'
        ), 0) AS suspense_fen
    FROM payments_capture AS took
    LEFT JOIN payments_refund AS refund ON refund.region_code = took.region_code AND refund.capture_id = took.id
    GROUP BY took.region_code, took.id, took.order_no, took.order_id, took.channel_code, took.trade_ref, took.reason,
        took.disposition, took.amount_fen
) AS waiting
WHERE waiting.suspense_fen > 0 AND NOT EXISTS (
    SELECT FROM payments_discrepancy AS told
    WHERE told.region_code = waiting.region_code AND told.order_no = waiting.order_no AND told.state = 'open'
        AND told.kind NOT IN ('refund_overdue', 'outcome_overdue')
) AND NOT (
    -- A notice under a wrong number: the money is another region's, and goes back from there.
    waiting.order_id IS NULL AND EXISTS (
        SELECT FROM payments_capture AS elsewhere
        WHERE elsewhere.region_code <> waiting.region_code AND elsewhere.channel_code = waiting.channel_code
            AND elsewhere.trade_ref = waiting.trade_ref
    )
)
UNION ALL
SELECT 'money that belongs to nobody but its payer is refunded unasked', capture.trade_ref, capture.reason
FROM payments_capture AS capture
WHERE capture.reason IN ('second_capture', 'late_capture', 'bill_not_payable')
    AND NOT EXISTS (
        SELECT FROM payments_refund AS refund
        WHERE refund.region_code = capture.region_code AND refund.capture_id = capture.id
    )
UNION ALL
SELECT 'every unknown is resolved in time or before a person', o.order_no, o.state || ' since ' || o.opened_at
FROM payments_order AS o
WHERE o.state IN ('open', 'placed', 'unknown')
    AND o.expires_at < %(now)s::timestamptz - interval '2 hours' - %(patience)s::interval
    AND NOT EXISTS (
        SELECT FROM open_case WHERE open_case.region_code = o.region_code AND open_case.order_no = o.order_no
    )
UNION ALL
SELECT 'every refund ends in time or is before a person', refund.refund_no, refund.state
FROM payments_refund AS refund
WHERE refund.state IN ('approved', 'sent', 'unknown')
    AND refund.deadline_at < %(now)s::timestamptz - interval '1 hour' - %(patience)s::interval
    AND NOT EXISTS (
        SELECT FROM open_case
        WHERE open_case.region_code = refund.region_code
            AND (open_case.subject_id = refund.id OR open_case.order_no = refund.order_no)
    )
UNION ALL
SELECT 'every kept notice is judged', notice.notice_ref, notice.event
FROM payments_notice AS notice
WHERE notice.judged_at IS NULL AND notice.received_at < %(now)s::timestamptz - %(patience)s::interval
UNION ALL
SELECT 'every event is delivered', event.id::text, event.name || ' ' || event.last_error
FROM kernel_outbox_event AS event
WHERE event.delivered_at IS NULL AND event.due_at < %(now)s::timestamptz - %(patience)s::interval
UNION ALL
SELECT 'what was acknowledged is kept', told.notice_ref, 'nowhere'
FROM unnest(%(acknowledged)s::text[]) AS told (notice_ref)
WHERE NOT EXISTS (SELECT FROM payments_notice AS notice WHERE notice.notice_ref = told.notice_ref)
UNION ALL
SELECT 'what a statement says otherwise is mended or before a person', difference.subject, difference.verdict
FROM reconciliation_difference AS difference
JOIN reconciliation_statement AS statement
    ON statement.region_code = difference.region_code AND statement.id = difference.statement_id
WHERE statement.is_current AND statement.state = 'matched' AND difference.heal = ''
    AND difference.judged_at < %(now)s::timestamptz - interval '1 day' - %(patience)s::interval
    AND NOT EXISTS (
        SELECT FROM reconciliation_discrepancy AS discrepancy
        WHERE discrepancy.region_code = difference.region_code AND discrepancy.state <> 'healed'
            AND discrepancy.order_no = difference.order_no AND discrepancy.trade_ref = difference.trade_ref
            AND discrepancy.refund_no = difference.refund_no
    )
UNION ALL
SELECT 'every day is compared in time or before a person', region.code || ' ' || day.over_on::date, 'no statement'
FROM generate_series(%(began_on)s::date, %(alarmed_on)s::date - 1, interval '1 day') AS day (over_on)
CROSS JOIN (VALUES (100000), (360100)) AS region (code)
WHERE NOT EXISTS (
        SELECT FROM reconciliation_statement AS statement
        WHERE statement.region_code = region.code AND statement.day_on = day.over_on AND statement.kind = 'trades'
            AND statement.is_current AND statement.state = 'matched'
    )
    AND NOT EXISTS (
        SELECT FROM reconciliation_discrepancy AS discrepancy
        WHERE discrepancy.region_code = region.code AND discrepancy.day_on = day.over_on
            AND discrepancy.state <> 'healed' AND discrepancy.order_no = ''
    )
ORDER BY rule, subject
LIMIT 50
