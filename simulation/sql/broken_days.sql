-- Every rule about discrepancies, closed days and treasury bookings that the tables of all regions break: which rule,
-- about what, and what was found. `limit_fen` is the amount above which resolving takes two people.
WITH day AS (
    SELECT
        day.*, lead(day.version_no) OVER versions IS NULL AS is_newest, lag(day.id) OVER versions AS former_id,
        lag(day.version_no) OVER versions AS former_no,
        (day.day_on::timestamp AT TIME ZONE 'Asia/Shanghai') AS begins_at,
        ((day.day_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') AS ends_at,
        day.region_code || ' ' || day.channel_code || ' ' || day.day_on || ' version ' || day.version_no AS name
    FROM reconciliation_day AS day
    WINDOW versions AS (PARTITION BY day.region_code, day.channel_code, day.day_on ORDER BY day.version_no)
),

-- What the ledger had of each closed day when it was closed: without what was recorded at that very instant, and with.
moved AS (
    SELECT
        day.region_code, day.id AS day_id, transfer.kind, transfer.scheme_code, transfer.due_from,
        sum(transfer.amount_fen) FILTER (WHERE transfer.recorded_at < day.closed_at) AS before_fen,
        sum(transfer.amount_fen) AS until_fen
    FROM day
    JOIN ledger_public_transfer AS transfer
        ON transfer.region_code = day.region_code AND transfer.channel_code = day.channel_code
        AND transfer.happened_at >= day.begins_at AND transfer.happened_at < day.ends_at
        AND transfer.recorded_at <= day.closed_at
    GROUP BY day.region_code, day.id, transfer.kind, transfer.scheme_code, transfer.due_from
),

said AS (
    SELECT day.region_code, day.id AS day_id, day.name, told.kind, told.amount_fen
    FROM day
    CROSS JOIN LATERAL (
        VALUES ('bill_collected', day.collected_fen), ('capture_suspended', day.suspended_fen),
            ('refund_paid', day.refund_paid_fen), ('treasury_booked', day.booked_fen)
    ) AS told (kind, amount_fen)
),

net AS (
    SELECT total.region_code, total.day_id, total.scheme_code, total.due_from,
        total.collected_fen - total.refunded_fen AS amount_fen
    FROM reconciliation_day_total AS total
),

explained AS (
    SELECT region_code, day_id, sum(theirs_fen - ours_fen) AS amount_fen
    FROM reconciliation_day_explanation
    GROUP BY region_code, day_id
),

listed AS (
    SELECT
        region_code, statement_id, sum(amount_fen) FILTER (WHERE is_income) AS in_fen,
        sum(amount_fen) FILTER (WHERE NOT is_income) AS out_fen
    FROM reconciliation_fund_line
    GROUP BY region_code, statement_id
),

into_treasury AS (
    SELECT
        region_code, channel_code, scheme_code, due_from, sum(amount_fen) AS amount_fen,
        sum(amount_fen) FILTER (WHERE state = 'booked') AS booked_fen
    FROM reconciliation_booking
    GROUP BY region_code, channel_code, scheme_code, due_from
)

SELECT 'a closed day says what the books said' AS rule, said.name AS subject,
    said.kind || ' ' || said.amount_fen || ' for ' || coalesce(moved.until_fen, 0) AS found
FROM said
LEFT JOIN (
    SELECT region_code, day_id, kind, sum(before_fen) AS before_fen, sum(until_fen) AS until_fen
    FROM moved GROUP BY region_code, day_id, kind
) AS moved USING (region_code, day_id, kind)
WHERE said.amount_fen NOT IN (coalesce(moved.before_fen, 0), coalesce(moved.until_fen, 0))
UNION ALL
SELECT 'the totals of a closed day are what the books said', day.name,
    coalesce(scheme_code, '') || ' ' || coalesce(net.amount_fen, 0) || ' for ' || coalesce(books.until_fen, 0)
FROM net
FULL JOIN (
    SELECT
        region_code, day_id, scheme_code, due_from,
        coalesce(sum(CASE kind WHEN 'bill_collected' THEN before_fen ELSE -before_fen END), 0) AS before_fen,
        sum(CASE kind WHEN 'bill_collected' THEN until_fen ELSE -until_fen END) AS until_fen
    FROM moved
    WHERE kind IN ('bill_collected', 'bill_refunded')
    GROUP BY region_code, day_id, scheme_code, due_from
) AS books USING (region_code, day_id, scheme_code, due_from)
JOIN day
    ON day.region_code = coalesce(net.region_code, books.region_code) AND day.id = coalesce(net.day_id, books.day_id)
WHERE coalesce(net.amount_fen, 0) NOT IN (coalesce(books.before_fen, 0), coalesce(books.until_fen, 0))
UNION ALL
SELECT 'the fees of a closed day are in the books', day.name, day.fee_fen || ' for ' || coalesce(fee.amount_fen, 0)
FROM day
LEFT JOIN (
    SELECT region_code, day_id, sum(CASE kind WHEN 'fee_charged' THEN until_fen ELSE -until_fen END) AS amount_fen
    FROM moved WHERE kind IN ('fee_charged', 'fee_returned')
    GROUP BY region_code, day_id
) AS fee ON fee.region_code = day.region_code AND fee.day_id = day.id
WHERE day.fee_fen <> coalesce(fee.amount_fen, 0)
UNION ALL
SELECT 'a closed day says what its fund statement says', day.name,
    day.funds_in_fen - day.funds_out_fen || ' for ' || coalesce(listed.in_fen, 0) - coalesce(listed.out_fen, 0)
FROM day
LEFT JOIN listed ON listed.region_code = day.region_code AND listed.statement_id = day.funds_id
WHERE (day.funds_in_fen, day.funds_out_fen) <> (coalesce(listed.in_fen, 0), coalesce(listed.out_fen, 0))
UNION ALL
SELECT 'the clearing account is explained line by line', day.name, coalesce(explained.amount_fen, 0) || ' of '
    || day.funds_in_fen - day.funds_out_fen - (day.clearing_in_fen - day.clearing_out_fen)
FROM day
LEFT JOIN explained ON explained.region_code = day.region_code AND explained.day_id = day.id
WHERE coalesce(explained.amount_fen, 0)
    <> day.funds_in_fen - day.funds_out_fen - (day.clearing_in_fen - day.clearing_out_fen)
UNION ALL
SELECT 'what explains a difference was resolved', day.name, told.case_no
FROM reconciliation_day_explanation AS told
JOIN day ON day.region_code = told.region_code AND day.id = told.day_id
WHERE told.kind = 'resolved' AND NOT EXISTS (
    SELECT FROM reconciliation_discrepancy AS found
    WHERE found.region_code = told.region_code AND found.case_no = told.case_no AND found.state = 'resolved'
)
UNION ALL
SELECT 'a day is closed when nothing of it stands before people', day.name, found.case_no || ' ' || found.kind
FROM day
JOIN reconciliation_discrepancy AS found
    ON found.region_code = day.region_code AND found.channel_code = day.channel_code AND found.day_on = day.day_on
    AND found.kind <> 'funds_differ'
JOIN LATERAL (
    SELECT event.target, event.recorded_at FROM reconciliation_discrepancy_event AS event
    WHERE event.region_code = found.region_code AND event.discrepancy_id = found.id
        AND event.recorded_at <= day.closed_at
    ORDER BY event.move_no DESC LIMIT 1
) AS last ON true
WHERE last.target IN ('open', 'taken', 'proposed') AND last.recorded_at < day.closed_at
UNION ALL
SELECT 'closed days are a chain', region_code || ' ' || channel_code, count(*) || ' days until place ' || max(place)
FROM day
GROUP BY region_code, channel_code HAVING count(*) <> max(place)
UNION ALL
SELECT 'a correction has a reason and follows a version', day.name, coalesce(day.former_no::text, 'none') || day.reason
FROM day
WHERE coalesce(day.former_no, 0) <> day.version_no - 1 OR (day.version_no > 1 AND day.reason = '')
UNION ALL
SELECT 'a closed day has its paper', day.name, 'none'
FROM day
WHERE NOT EXISTS (
    SELECT FROM reconciliation_day_paper AS paper
    WHERE paper.region_code = day.region_code AND paper.day_id = day.id
)
UNION ALL
SELECT 'money goes to the treasury once', day.name, taken.scheme_code || ' ' || taken.amount_fen || ' of '
    || coalesce(net.amount_fen, 0) - coalesce(former.amount_fen, 0)
FROM reconciliation_booking_day AS taken
JOIN day ON day.region_code = taken.region_code AND day.id = taken.day_id
LEFT JOIN net
    ON net.region_code = taken.region_code AND net.day_id = taken.day_id AND net.scheme_code = taken.scheme_code
    AND net.due_from = taken.due_from
LEFT JOIN net AS former
    ON former.region_code = day.region_code AND former.day_id = day.former_id
    AND former.scheme_code = taken.scheme_code AND former.due_from = taken.due_from
WHERE taken.amount_fen <> coalesce(net.amount_fen, 0) - coalesce(former.amount_fen, 0)
UNION ALL
SELECT 'a booking is what its days brought', booking.booking_no, booking.amount_fen || ' of ' || coalesce(days.amount_fen, 0)
FROM reconciliation_booking AS booking
LEFT JOIN (
    SELECT region_code, booking_id, sum(amount_fen) AS amount_fen
    FROM reconciliation_booking_day GROUP BY region_code, booking_id
) AS days ON days.region_code = booking.region_code AND days.booking_id = booking.id
WHERE booking.amount_fen <> coalesce(days.amount_fen, 0)
UNION ALL
SELECT 'no more goes to the treasury than was collected', into_treasury.scheme_code || ' ' || into_treasury.due_from,
    into_treasury.amount_fen || ' of ' || coalesce(collected.amount_fen, 0)
FROM into_treasury
LEFT JOIN (
    SELECT region_code, channel_code, scheme_code, due_from, sum(amount_fen) AS amount_fen
    FROM ledger_public_transfer WHERE kind = 'bill_collected'
    GROUP BY region_code, channel_code, scheme_code, due_from
) AS collected USING (region_code, channel_code, scheme_code, due_from)
WHERE into_treasury.amount_fen > coalesce(collected.amount_fen, 0)
UNION ALL
SELECT 'the treasury has what it confirmed', coalesce(scheme_code, '') || ' ' || coalesce(due_from, 0),
    coalesce(books.amount_fen, 0) || ' for ' || coalesce(into_treasury.booked_fen, 0)
FROM into_treasury
FULL JOIN (
    SELECT region_code, channel_code, scheme_code, due_from, sum(amount_fen) AS amount_fen
    FROM ledger_public_transfer WHERE kind = 'treasury_booked'
    GROUP BY region_code, channel_code, scheme_code, due_from
) AS books USING (region_code, channel_code, scheme_code, due_from)
WHERE coalesce(books.amount_fen, 0) <> coalesce(into_treasury.booked_fen, 0)
UNION ALL
SELECT 'another than the sender confirms', booking.booking_no, booking.sent_by || ' ' || booking.confirmed_by
FROM reconciliation_booking AS booking
WHERE booking.state = 'booked' AND (booking.confirmed_by = '' OR booking.confirmed_by = booking.sent_by)
UNION ALL
SELECT 'money that came back stands before people', booking.booking_no, booking.reason
FROM reconciliation_booking AS booking
WHERE booking.state = 'returned' AND NOT EXISTS (
    SELECT FROM reconciliation_discrepancy AS found
    WHERE found.region_code = booking.region_code AND found.trade_ref = booking.booking_no
        AND found.kind = 'booking_returned' AND found.state <> 'healed'
)
UNION ALL
SELECT 'what is resolved has a reason, and above the amount two people', found.case_no,
    coalesce(found.amount_fen::text, 'any') || ' ' || found.proposed_by || ' ' || found.approved_by
FROM reconciliation_discrepancy AS found
WHERE found.state = 'resolved' AND (
    found.reason = '' OR found.act = '' OR found.proposed_by = ''
    OR (found.amount_fen IS NULL OR found.amount_fen > %(limit_fen)s::bigint)
    AND (found.approved_by = '' OR found.approved_by = found.proposed_by)
)
UNION ALL
SELECT 'a case that people resolved is closed', told.case_no, told.kind
FROM payments_discrepancy AS told
JOIN reconciliation_discrepancy AS found ON found.region_code = told.region_code AND found.id = told.id
WHERE found.state = 'resolved' AND told.state = 'open'
ORDER BY rule, subject
LIMIT 50
