-- The played channel's own book, version 2 (the number that `store.py` names). Instants are whole milliseconds since 1970 (UTC) of virtual time; money is integer fen.

CREATE TABLE IF NOT EXISTS counter (
    kind TEXT PRIMARY KEY,
    last INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS setting (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS account (
    account_code TEXT PRIMARY KEY,
    balance_fen  INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS transfer (
    transfer_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    debit_account  TEXT NOT NULL REFERENCES account (account_code),
    credit_account TEXT NOT NULL REFERENCES account (account_code),
    amount_fen     INTEGER NOT NULL CHECK (amount_fen > 0),
    kind           TEXT NOT NULL CHECK (kind IN (
        'top_up', 'draw_down', 'payment', 'fee', 'refund', 'fee_return', 'withdrawal', 'deposit')),
    transaction_id TEXT,
    refund_id      TEXT,
    made_at        INTEGER NOT NULL,
    CHECK (debit_account <> credit_account),
    CHECK ((kind IN ('payment', 'fee')) = (transaction_id IS NOT NULL)),
    CHECK ((kind IN ('refund', 'fee_return')) = (refund_id IS NOT NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS transfer_once_a_payment ON transfer (transaction_id, kind)
    WHERE transaction_id IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS transfer_once_a_refund ON transfer (refund_id, kind) WHERE refund_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS transfer_age ON transfer (made_at);

CREATE TABLE IF NOT EXISTS payer (
    openid     TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'normal' CHECK (state IN ('normal', 'card_dead', 'cancelled')),
    created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS trade_order (
    merchant_ref   TEXT NOT NULL,
    out_trade_no   TEXT NOT NULL,
    scope          TEXT NOT NULL CHECK (scope IN ('direct', 'partner')),
    kind           TEXT NOT NULL CHECK (kind IN ('h5', 'native', 'jsapi', 'app')),
    request_body   TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    description    TEXT NOT NULL,
    total_fen      INTEGER NOT NULL CHECK (total_fen > 0),
    currency       TEXT NOT NULL,
    notify_url     TEXT NOT NULL,
    attach         TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('NOTPAY', 'SUCCESS', 'CLOSED')),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    is_expiry_seen INTEGER NOT NULL DEFAULT 0,
    prepay_id      TEXT NOT NULL UNIQUE,
    page_code      TEXT NOT NULL UNIQUE,
    prepared_at    INTEGER NOT NULL,
    page_openid    TEXT,
    is_page_spent  INTEGER NOT NULL DEFAULT 0,
    transaction_id TEXT UNIQUE,
    openid         TEXT,
    paid_at        INTEGER,
    closed_at      INTEGER,
    fee_per_million INTEGER NOT NULL DEFAULT 0 CHECK (fee_per_million BETWEEN 0 AND 1000000),
    fee_fen        INTEGER NOT NULL DEFAULT 0 CHECK (fee_fen BETWEEN 0 AND total_fen),
    PRIMARY KEY (merchant_ref, out_trade_no),
    CHECK ((state = 'SUCCESS') = (transaction_id IS NOT NULL AND openid IS NOT NULL AND paid_at IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS trade_order_unpaid ON trade_order (created_at) WHERE state = 'NOTPAY';
CREATE INDEX IF NOT EXISTS trade_order_expiry ON trade_order (expires_at) WHERE state = 'NOTPAY' AND is_expiry_seen = 0;
CREATE INDEX IF NOT EXISTS trade_order_number ON trade_order (out_trade_no);
CREATE INDEX IF NOT EXISTS trade_order_paid ON trade_order (merchant_ref, paid_at) WHERE paid_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS refund (
    merchant_ref    TEXT NOT NULL,
    out_refund_no   TEXT NOT NULL,
    refund_id       TEXT NOT NULL UNIQUE,
    out_trade_no    TEXT NOT NULL,
    transaction_id  TEXT NOT NULL REFERENCES trade_order (transaction_id),
    amount_fen      INTEGER NOT NULL CHECK (amount_fen > 0),
    total_fen       INTEGER NOT NULL CHECK (total_fen >= amount_fen),
    reason          TEXT NOT NULL,
    notify_url      TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL')),
    asked_at        INTEGER NOT NULL,
    due_at          INTEGER,
    due_state       TEXT NOT NULL CHECK (due_state IN ('SUCCESS', 'CLOSED', 'ABNORMAL')),
    success_at      INTEGER,
    closed_at       INTEGER,
    fee_return_fen  INTEGER NOT NULL DEFAULT 0 CHECK (fee_return_fen >= 0),
    credit_account  TEXT NOT NULL,
    account_text    TEXT NOT NULL,
    is_rerouted     INTEGER NOT NULL DEFAULT 0,
    source          TEXT NOT NULL DEFAULT 'api' CHECK (source IN ('api', 'clerk')),
    request_digest  TEXT NOT NULL,
    PRIMARY KEY (merchant_ref, out_refund_no),
    CHECK ((state = 'SUCCESS') = (success_at IS NOT NULL)),
    CHECK ((state = 'CLOSED') = (closed_at IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS refund_of_transaction ON refund (transaction_id, asked_at);
CREATE INDEX IF NOT EXISTS refund_asked ON refund (merchant_ref, asked_at);
CREATE INDEX IF NOT EXISTS refund_number ON refund (out_refund_no);
CREATE INDEX IF NOT EXISTS refund_held ON refund (merchant_ref, amount_fen, fee_return_fen)
    WHERE state IN ('PROCESSING', 'ABNORMAL');
CREATE INDEX IF NOT EXISTS refund_due ON refund (due_at) WHERE state = 'PROCESSING' AND due_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS seen_nonce (
    nonce   TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS seen_nonce_age ON seen_nonce (seen_at);

CREATE TABLE IF NOT EXISTS notice (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    notice_id     TEXT NOT NULL UNIQUE,
    out_trade_no  TEXT NOT NULL,
    out_refund_no TEXT NOT NULL DEFAULT '',
    event_type    TEXT NOT NULL,
    is_v2         INTEGER NOT NULL DEFAULT 0,
    url           TEXT NOT NULL,
    resource      TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    next_at       INTEGER NOT NULL,
    tries_count   INTEGER NOT NULL DEFAULT 0,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'overtaken', 'acknowledged', 'exhausted')),
    overtaken_by  TEXT NOT NULL DEFAULT '' CHECK (overtaken_by IN ('', 'refund')),
    is_held       INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS notice_due ON notice (next_at, sequence) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS notice_overtaken ON notice (sequence) WHERE state = 'overtaken';
CREATE INDEX IF NOT EXISTS notice_order ON notice (out_trade_no);

CREATE TABLE IF NOT EXISTS attempt (
    attempt_id INTEGER PRIMARY KEY AUTOINCREMENT,
    notice_id  TEXT NOT NULL,
    sent_at    INTEGER NOT NULL,
    is_extra   INTEGER NOT NULL,
    faults     TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    headers    TEXT NOT NULL,
    body       BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS attempt_notice ON attempt (notice_id);
