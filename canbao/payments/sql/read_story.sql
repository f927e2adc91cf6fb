-- Everything payments knows of an order's number, in time order: moves, calls, notices, captures, refunds, cases.
-- Reads the room's tables by order number or order: payments_order_number, payments_event_move, payments_exchange_by_order,
-- payments_exchange_by_refund, payments_notice_by_order, payments_capture_by_order, payments_refund_by_order.
WITH named AS (
    SELECT id FROM payments_order WHERE region_code = %(region_code)s AND order_no = %(order_no)s
),
back AS (
    SELECT id, refund_no FROM payments_refund WHERE region_code = %(region_code)s AND order_no = %(order_no)s
)
SELECT told.at, told.source, told.what, told.detail
FROM (
    SELECT recorded_at AS at, 'order' AS source, event || ' → ' || target AS what, cause AS detail, move_no AS place
    FROM payments_order_event
    WHERE region_code = %(region_code)s AND order_id IN (SELECT id FROM named)
    UNION ALL
    SELECT asked_at, 'query', verb || ': ' || outcome, concat_ws(' ', nullif(foreign_code, ''), status), 0
    FROM payments_exchange
    WHERE region_code = %(region_code)s
        AND (order_id IN (SELECT id FROM named) OR refund_id IN (SELECT id FROM back))
    UNION ALL
    SELECT received_at, 'notice', event || coalesce(nullif(': ' || verdict, ': '), ''),
        concat_ws(' ', nullif(trade_ref, ''), nullif(refund_no, ''), nullif(fate, ''), amount_fen || ' fen'), 0
    FROM payments_notice
    WHERE region_code = %(region_code)s AND order_no = %(order_no)s
    UNION ALL
    SELECT recorded_at, 'capture', disposition || coalesce(nullif(': ' || reason, ': '), ''),
        concat_ws(' ', trade_ref, amount_fen || ' fen', 'from ' || learned_from), 0
    FROM payments_capture
    WHERE region_code = %(region_code)s AND order_no = %(order_no)s
    UNION ALL
    SELECT move.recorded_at, 'refund', move.event || ' → ' || move.target,
        concat_ws(' ', back.refund_no, 'by ' || move.actor, nullif(move.cause, '')), move.move_no
    FROM payments_refund_event AS move
    JOIN back ON back.id = move.refund_id
    WHERE move.region_code = %(region_code)s
    UNION ALL
    SELECT opened_at, 'case', kind, concat_ws(' ', case_no, expected, '|', found), 0
    FROM payments_discrepancy
    WHERE region_code = %(region_code)s AND order_no = %(order_no)s
) AS told
ORDER BY told.at, told.source, told.place
