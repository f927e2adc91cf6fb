"""What a channel's statement says, line by line, in our words: plain values, and nothing about how a file looks.

A statement is the channel's own list of a day: of `trades` (every payment and every refund) or of `funds` (every
movement of our account there). Amounts are whole fen and positive; a fee has five decimals of a yuan on paper, so it
is kept in thousandths of a fen. A million of these objects are made in one run: the fields are few and flat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen

LINE_TEXT_LENGTH_MAX = 1000


class StatementKind(StrEnum):
    """Which list of a day: its transactions, or the movements of our account at the channel."""

    TRADES = "trades"
    FUNDS = "funds"


class LineKind(StrEnum):
    """What a line of a trade statement is about."""

    PAYMENT = "payment"
    REFUND = "refund"


class LineState(StrEnum):
    """What a line says of its subject, frozen on the statement's day.

    success             the payment was taken
    refund_success      the refund succeeded
    refund_processing   the refund was in work that day
    refund_failed       the refund failed that day, or left the ordinary way
    revoked             the payment was taken back at the counter
    other               a word we have not seen: look at `text`
    """

    SUCCESS = "success"
    REFUND_SUCCESS = "refund_success"
    REFUND_PROCESSING = "refund_processing"
    REFUND_FAILED = "refund_failed"
    REVOKED = "revoked"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line of a trade statement, of whichever merchant it tells.

    `line_no` counts the file's lines from 1; `amount_fen` is what was ordered for a payment, what was asked back for a
    refund; `fee_milli_fen` thousandths of a fen, negative where the channel gives a fee back; `refund_no` and
    `refund_ref` are empty for a payment; `text` is the raw line with the payer masked, at most 1,000 characters."""

    line_no: int
    kind: LineKind
    happened_at: Instant
    merchant_ref: str
    app_ref: str
    order_no: str
    trade_ref: str
    refund_no: str
    refund_ref: str
    amount_fen: Fen
    fee_milli_fen: int
    state: LineState
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundLine:
    """One movement of our account at the channel.

    `business_ref` is the channel's number of what moved the money (a transaction, a refund), `flow_ref` of the movement
    itself, `voucher_ref` the document behind it, or empty; `business_kind` in the channel's words; `balance_fen` after
    it."""

    line_no: int
    happened_at: Instant
    business_ref: str
    flow_ref: str
    business_kind: str
    is_income: bool
    amount_fen: Fen
    balance_fen: Fen
    remark: str
    voucher_ref: str = ""
