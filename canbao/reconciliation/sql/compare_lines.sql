-- The lines of a statement beside the captures of its day, in one pass over each: the numbers of all lines that are no plain
-- match, and the captures that no line tells of.
-- A plain match is a payment of our own, taken, of the same amount and for the same order as our capture of that day: its
-- verdict is `matched` whatever else is true, unless another line says it again (find_repeated_lines, find_told_elsewhere).
-- pair_count is how many lines stand beside a capture, told_count how many captures stand beside a line: where they are
-- the same, no two lines tell of one capture.
-- Reads reconciliation_line by the head of its primary key, payments_public_capture by payments_capture_days. Both lists are
-- answered as the text of an array, which goes back into later statements unread.
-- Batch: one statement in; one row out.
WITH counted AS (
    SELECT count(*)::integer AS capture_count
    FROM payments_public_capture AS capture
    WHERE capture.region_code = %(region_code)s
        AND capture.channel_code = %(channel_code)s
        AND capture.happened_at >= %(day_from)s
        AND capture.happened_at < %(day_until)s
),

pairs AS (
    SELECT
        own.line_no,
        ours.capture_id,
        coalesce(own.is_plain AND own.order_no = ours.order_no AND own.amount_fen = ours.amount_fen, FALSE) AS is_match
    FROM (
        SELECT
            line.line_no,
            line.amount_fen,
            line.order_no,
            CASE WHEN line.kind = 'payment' THEN line.trade_ref END AS paid_ref,
            line.state = 'success'
            AND line.merchant_ref = %(merchant_ref)s
            AND line.app_ref = %(app_ref)s
            AND (starts_with(line.order_no, %(own_head)s) OR line.order_no !~ '^[1-9][0-9]{5}P[0-9A-Z]{11}$') AS is_plain
        FROM reconciliation_line AS line
        WHERE line.region_code = %(region_code)s AND line.statement_id = %(statement_id)s
    ) AS own
    FULL JOIN (
        SELECT capture.capture_id, capture.trade_ref, capture.order_no, capture.amount_fen
        FROM payments_public_capture AS capture
        WHERE capture.region_code = %(region_code)s
            AND capture.channel_code = %(channel_code)s
            AND capture.happened_at >= %(day_from)s
            AND capture.happened_at < %(day_until)s
    ) AS ours ON ours.trade_ref = own.paid_ref
)

SELECT
    coalesce(array_agg(pairs.line_no) FILTER (WHERE pairs.line_no IS NOT NULL AND NOT pairs.is_match), '{}')::text AS unlike,
    coalesce(array_agg(pairs.capture_id) FILTER (WHERE pairs.line_no IS NULL), '{}')::text AS absent,
    count(pairs.line_no) FILTER (WHERE NOT pairs.is_match)::integer AS unlike_count,
    count(*) FILTER (WHERE pairs.line_no IS NOT NULL AND pairs.capture_id IS NOT NULL)::integer AS pair_count,
    (SELECT counted.capture_count FROM counted) - count(*) FILTER (WHERE pairs.line_no IS NULL)::integer AS told_count
FROM pairs
