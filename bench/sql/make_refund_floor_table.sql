-- What the floor gives back: every id and number it needs, worked out ahead, so that its transaction only writes.
CREATE TABLE bench_refund_floor (
    place integer PRIMARY KEY,
    order_no text NOT NULL,
    payment_notice_id uuid NOT NULL,
    refund_notice_id uuid NOT NULL,
    capture_id uuid NOT NULL,
    trade_ref text NOT NULL,
    refund_id uuid NOT NULL,
    refund_no text NOT NULL,
    refund_ref text NOT NULL,
    case_no text NOT NULL,
    clearing_id uuid NOT NULL,
    suspense_id uuid NOT NULL,
    refund_payable_id uuid NOT NULL
)
;
GRANT SELECT ON bench_refund_floor TO canbao_app
