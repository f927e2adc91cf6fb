-- The verdict of those lines of a statement that are no plain match (compare_lines, and what is said again); those that were
-- none before and are now are healed.
-- The facts of a line are one number (rules.Fact); places says which verdict follows from each (rules.PLACES), so that the
-- order of precedence stands in one place. A line that fits costs no write, and a difference found before as it is now is left
-- as it is.
-- Writes reconciliation_difference: one row per line that does not fit. Reads reconciliation_line by primary key,
-- payments_public_capture by payments_capture_trade, payments_public_refund.
WITH told AS (
    SELECT
        line.line_no,
        line.kind,
        line.state,
        line.happened_at,
        line.order_no,
        line.trade_ref,
        line.refund_no,
        line.refund_ref,
        line.amount_fen,
        capture.capture_id,
        refund.refund_id,
        coalesce(refund.order_id, capture.order_id) AS order_id,
        CASE WHEN line.kind = 'payment' THEN capture.amount_fen ELSE refund.amount_fen END AS ours_fen,
        CASE WHEN line.kind = 'payment' THEN coalesce(nullif(capture.reason, ''), capture.disposition) ELSE refund.state END
            AS ours_state,
        CASE WHEN line.kind = 'payment' THEN capture.happened_at ELSE refund.sent_at END AS ours_at,
        repeated.line_no IS NOT NULL AS is_repeated,
        line.merchant_ref <> %(merchant_ref)s
        OR line.app_ref <> %(app_ref)s
        OR (
            NOT starts_with(line.order_no, %(own_head)s)
            AND line.order_no ~ '^[1-9][0-9]{5}P[0-9A-Z]{11}$'
        ) AS is_foreign,
        CASE
            WHEN line.kind = 'payment' THEN capture.happened_at >= %(day_from)s AND capture.happened_at < %(day_until)s
            ELSE
                refund.approved_at < %(day_until)s
                AND (refund.ended_at IS NULL OR refund.ended_at >= %(day_from)s)
        END AS is_same_day,
        CASE
            WHEN line.kind = 'payment' THEN line.state = 'success' AND capture.order_no = line.order_no
            ELSE
                refund.trade_ref = line.trade_ref
                AND (line.state || ' ' || refund.state) = ANY(%(agreeing)s::text[])
        END AS agrees
    FROM reconciliation_line AS line
    LEFT JOIN payments_public_capture AS capture
        ON capture.region_code = %(region_code)s
        AND capture.channel_code = %(channel_code)s
        AND capture.trade_ref = line.trade_ref
        AND line.kind = 'payment'
    LEFT JOIN payments_public_refund AS refund
        ON refund.region_code = %(region_code)s
        AND refund.channel_code = %(channel_code)s
        AND refund.refund_no = line.refund_no
        AND line.kind = 'refund'
    LEFT JOIN unnest(%(repeated)s::integer[]) AS repeated (line_no) ON repeated.line_no = line.line_no
    WHERE line.region_code = %(region_code)s
        AND line.statement_id = %(statement_id)s
        AND line.line_no = ANY(%(unlike)s::integer[] || %(repeated)s::integer[])
),

judged AS MATERIALIZED (
    SELECT
        told.*,
        (%(verdicts)s::text[])[1 + (%(places)s::smallint[])[
            1
            + CASE WHEN told.is_repeated THEN 1 ELSE 0 END
            + CASE WHEN told.is_foreign THEN 2 ELSE 0 END
            + CASE WHEN told.kind = 'refund' THEN 4 ELSE 0 END
            + CASE WHEN told.ours_fen IS NOT NULL THEN 8 ELSE 0 END
            + CASE WHEN told.state = 'success' THEN 16 ELSE 0 END
            + CASE WHEN told.state = 'revoked' THEN 32 ELSE 0 END
            + CASE WHEN told.ours_fen = told.amount_fen THEN 64 ELSE 0 END
            + CASE WHEN told.is_same_day THEN 128 ELSE 0 END
            + CASE WHEN told.agrees THEN 256 ELSE 0 END
        ]] AS verdict
    FROM told
)

INSERT INTO reconciliation_difference AS kept (
    region_code, statement_id, subject, line_no, kind, verdict, happened_at, order_no, trade_ref, refund_no, refund_ref,
    capture_id, refund_id, order_id, ours_fen, theirs_fen, ours_state, theirs_state, ours_on, judged_at, heal, healed_at
)
SELECT
    %(region_code)s::integer, %(statement_id)s::uuid, 'line:' || judged.line_no, judged.line_no, judged.kind, judged.verdict,
    judged.happened_at, judged.order_no, judged.trade_ref, judged.refund_no, judged.refund_ref, judged.capture_id,
    judged.refund_id, judged.order_id, judged.ours_fen, judged.amount_fen, coalesce(judged.ours_state, ''), judged.state,
    (judged.ours_at AT TIME ZONE 'Asia/Shanghai')::date, %(now)s::timestamptz, '', NULL::timestamptz
FROM judged
WHERE judged.verdict <> ALL(%(matches)s::text[])
UNION ALL
SELECT
    before.region_code, before.statement_id, before.subject, before.line_no, before.kind, before.verdict, before.happened_at,
    before.order_no, before.trade_ref, before.refund_no, before.refund_ref, before.capture_id, before.refund_id,
    before.order_id, before.ours_fen, before.theirs_fen, before.ours_state, before.theirs_state, before.ours_on, %(now)s::timestamptz,
    'agreed', %(now)s::timestamptz
FROM reconciliation_difference AS before
WHERE before.region_code = %(region_code)s
    AND before.statement_id = %(statement_id)s
    AND before.line_no IS NOT NULL
    AND before.healed_at IS NULL
    AND NOT EXISTS (
        SELECT FROM judged
        WHERE judged.line_no = before.line_no AND judged.verdict <> ALL(%(matches)s::text[])
    )
ON CONFLICT (region_code, statement_id, subject) DO UPDATE
SET verdict = excluded.verdict,
    capture_id = excluded.capture_id,
    refund_id = excluded.refund_id,
    order_id = excluded.order_id,
    ours_fen = excluded.ours_fen,
    ours_state = excluded.ours_state,
    ours_on = excluded.ours_on,
    judged_at = excluded.judged_at,
    heal = excluded.heal,
    healed_at = excluded.healed_at
WHERE kept.verdict <> excluded.verdict
    OR (kept.ours_fen, kept.ours_state, kept.capture_id, kept.refund_id)
    IS DISTINCT FROM (excluded.ours_fen, excluded.ours_state, excluded.capture_id, excluded.refund_id)
    OR (kept.heal = '' AND excluded.heal <> '')
    OR (kept.heal IN ('agreed', 'superseded') AND excluded.heal = '')
