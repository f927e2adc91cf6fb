-- Every order by number, with where it stands.
SELECT order_no, state, trade_ref FROM payments_order ORDER BY order_no
