-- An order, whole. Reads payments_order (Relies on payments_order_token) and the order's lines by primary key.
SELECT
    found.id AS order_id, found.order_no, found.channel_code, found.mode, found.state, found.amount_fen, found.description,
    found.agreement_version, found.sealed, found.opened_at, found.expires_at, found.opens, found.opens_until, found.trade_ref,
    found.settled_at, found.ended_at, found.next_ask_at, found.asked_count::integer AS asked_count,
    (
        SELECT array_agg(line.bill_id ORDER BY line.place)
        FROM payments_order_line AS line
        WHERE line.region_code = %(region_code)s AND line.order_id = found.id
    ) AS bill_ids
FROM payments_order AS found
WHERE found.region_code = %(region_code)s AND found.token_digest = %(token_digest)s
