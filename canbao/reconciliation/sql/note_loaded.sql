-- A statement was read to its end: its sums, and who we were. Answers its count of moves.
-- Writes reconciliation_statement by primary key. Reads reconciliation_line, or reconciliation_fund_line, by the head of
-- their primary keys.
UPDATE reconciliation_statement AS loaded
SET state = %(target)s,
    move_count = loaded.move_count + 1,
    merchant_ref = %(merchant_ref)s,
    app_ref = %(app_ref)s,
    line_count = counted.line_count,
    payment_count = counted.payment_count,
    payment_fen = counted.payment_fen,
    refund_count = counted.refund_count,
    refund_fen = counted.refund_fen,
    fee_milli_fen = counted.fee_milli_fen,
    failure_code = '',
    failure_params = '{}',
    loaded_at = %(now)s
FROM (
    SELECT
        count(*)::integer + (
            SELECT count(*)::integer
            FROM reconciliation_fund_line AS flow
            WHERE flow.region_code = %(region_code)s AND flow.statement_id = %(statement_id)s
        ) AS line_count,
        count(*) FILTER (WHERE line.kind = 'payment')::integer AS payment_count,
        coalesce(sum(line.amount_fen) FILTER (WHERE line.kind = 'payment'), 0)::bigint AS payment_fen,
        count(*) FILTER (WHERE line.kind = 'refund')::integer AS refund_count,
        coalesce(sum(line.amount_fen) FILTER (WHERE line.kind = 'refund'), 0)::bigint AS refund_fen,
        coalesce(sum(line.fee_milli_fen), 0)::bigint AS fee_milli_fen
    FROM reconciliation_line AS line
    WHERE line.region_code = %(region_code)s AND line.statement_id = %(statement_id)s
) AS counted
WHERE loaded.region_code = %(region_code)s AND loaded.id = %(statement_id)s AND loaded.state = ANY(%(sources)s::text[])
RETURNING loaded.move_count
