-- What is ours, belongs on a day's statement, and no line tells of; what was absent before and is so no longer is healed.
-- Money that we recorded as moved that day must be told of by this statement (compare_lines answers what is not), or by
-- another day's; an order that could last be paid that day, and a refund sent that day, must have an outcome by now.
-- Writes reconciliation_difference: one row per absence. Reads reconciliation_line by the head of its primary key and by
-- reconciliation_line_refund, reconciliation_difference by reconciliation_diff_by_trade, reconciliation_statement,
-- payments_public_capture by primary key, payments_public_refund, payments_public_order by payments_order_live.
WITH ours AS (
    SELECT
        'capture:' || capture.capture_id AS subject, 'payment' AS kind, 'only_ours_settled' AS verdict, capture.happened_at,
        capture.order_no, capture.trade_ref, '' AS refund_no, '' AS refund_ref, capture.capture_id, NULL::uuid AS refund_id,
        capture.order_id, capture.amount_fen AS ours_fen,
        coalesce(nullif(capture.reason, ''), capture.disposition) AS ours_state
    FROM payments_public_capture AS capture
    WHERE capture.region_code = %(region_code)s
        AND capture.capture_id = ANY(%(absent)s::uuid[])
    UNION ALL
    SELECT
        'refund:' || refund.refund_id, 'refund',
        CASE WHEN refund.state = 'succeeded' THEN 'only_ours_settled' ELSE 'only_ours_open' END,
        coalesce(refund.succeeded_at, refund.sent_at), refund.order_no, refund.trade_ref, refund.refund_no,
        refund.refund_ref, refund.capture_id, refund.refund_id, refund.order_id, refund.amount_fen, refund.state
    FROM payments_public_refund AS refund
    WHERE refund.region_code = %(region_code)s
        AND refund.channel_code = %(channel_code)s
        AND (
            refund.state = 'succeeded' AND refund.succeeded_at >= %(day_from)s AND refund.succeeded_at < %(day_until)s
            OR refund.state IN ('sent', 'unknown', 'by_hand')
            AND refund.sent_at >= %(day_from)s
            AND refund.sent_at < %(day_until)s
        )
        AND NOT EXISTS (
            SELECT FROM reconciliation_line AS told
            WHERE told.region_code = %(region_code)s
                AND told.statement_id = %(statement_id)s
                AND told.refund_no = refund.refund_no
                AND told.kind = 'refund'
        )
    UNION ALL
    SELECT
        'order:' || asked.order_id, 'payment', 'only_ours_open', asked.expires_at, asked.order_no, '', '', '', NULL, NULL,
        asked.order_id, asked.amount_fen, asked.state
    FROM payments_public_order AS asked
    WHERE asked.region_code = %(region_code)s
        AND asked.channel_code = %(channel_code)s
        AND asked.state IN ('open', 'placed', 'unknown')
        AND asked.expires_at >= %(day_from)s
        AND asked.expires_at < %(day_until)s
        AND NOT EXISTS (
            SELECT FROM reconciliation_line AS told
            WHERE told.region_code = %(region_code)s
                AND told.statement_id = %(statement_id)s
                AND told.order_no = asked.order_no
                AND told.state = 'success'
        )
),

absent AS MATERIALIZED (
    SELECT ours.*
    FROM ours
    WHERE NOT EXISTS (
        -- A payment of this day does not fit any other, so that a line of it there is a difference.
        SELECT
        FROM reconciliation_difference AS other
        JOIN reconciliation_statement AS version
            ON version.region_code = %(region_code)s
            AND version.id = other.statement_id
            AND version.is_current
            AND version.channel_code = %(channel_code)s
            AND version.day_on <> %(day_on)s
        WHERE other.region_code = %(region_code)s
            AND other.trade_ref = ours.trade_ref
            AND ours.trade_ref <> ''
            AND ours.kind = 'payment'
            AND other.kind = 'payment'
            AND other.line_no IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT
        FROM reconciliation_line AS other
        JOIN reconciliation_statement AS version
            ON version.region_code = %(region_code)s
            AND version.id = other.statement_id
            AND version.is_current
            AND version.channel_code = %(channel_code)s
            AND version.day_on <> %(day_on)s
        WHERE other.region_code = %(region_code)s
            AND other.trade_ref = ours.trade_ref
            AND ours.trade_ref <> ''
            AND other.kind = 'refund'
            AND ours.kind = 'refund'
            AND other.refund_no = ours.refund_no
    )
)

INSERT INTO reconciliation_difference AS kept (
    region_code, statement_id, subject, line_no, kind, verdict, happened_at, order_no, trade_ref, refund_no, refund_ref,
    capture_id, refund_id, order_id, ours_fen, theirs_fen, ours_state, theirs_state, ours_on, judged_at, heal, healed_at
)
SELECT
    %(region_code)s::integer, %(statement_id)s::uuid, absent.subject, NULL::integer, absent.kind, absent.verdict, absent.happened_at,
    absent.order_no, absent.trade_ref, absent.refund_no, absent.refund_ref, absent.capture_id, absent.refund_id,
    absent.order_id, absent.ours_fen, NULL::bigint, absent.ours_state, '', %(day_on)s::date, %(now)s::timestamptz, '', NULL::timestamptz
FROM absent
UNION ALL
SELECT
    before.region_code, before.statement_id, before.subject, before.line_no, before.kind, before.verdict, before.happened_at,
    before.order_no, before.trade_ref, before.refund_no, before.refund_ref, before.capture_id, before.refund_id,
    before.order_id, before.ours_fen, before.theirs_fen, before.ours_state, '', before.ours_on, %(now)s::timestamptz, 'agreed', %(now)s
FROM reconciliation_difference AS before
WHERE before.region_code = %(region_code)s
    AND before.statement_id = %(statement_id)s
    AND before.line_no IS NULL
    AND before.healed_at IS NULL
    AND NOT EXISTS (SELECT FROM absent WHERE absent.subject = before.subject)
ON CONFLICT (region_code, statement_id, subject) DO UPDATE
SET verdict = excluded.verdict,
    happened_at = excluded.happened_at,
    ours_state = excluded.ours_state,
    judged_at = excluded.judged_at,
    heal = excluded.heal,
    healed_at = excluded.healed_at
WHERE (kept.verdict, kept.ours_state) IS DISTINCT FROM (excluded.verdict, excluded.ours_state)
    OR (kept.heal = '' AND excluded.heal <> '')
    OR (kept.heal <> '' AND excluded.heal = '')
