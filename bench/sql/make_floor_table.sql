-- What the floor settles: every id and number it needs, worked out ahead, so that its transaction only writes.
CREATE TABLE bench_floor (
    place integer PRIMARY KEY,
    order_no text NOT NULL,
    notice_id uuid NOT NULL,
    capture_id uuid NOT NULL,
    trade_ref text NOT NULL,
    transfer_id uuid NOT NULL,
    debit_account_id uuid NOT NULL,
    credit_account_id uuid NOT NULL
)
;
GRANT SELECT ON bench_floor TO canbao_app
