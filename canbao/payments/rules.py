"""Pure decisions of the room: what a capture is worth to us, and when to ask about silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen
from canbao.payments.states import LIVE, OrderState

ORDER_LIFE = timedelta(minutes=15)
"""How long an order holds its bills: long enough to pay, short enough that a spouse need not wait long."""

BILLS_MOST = 20
"""Bills in one order, at most."""

ASK_AFTER_S = (5, 30, 60, 180, 300, 600, 1800)
"""When to ask about an order, in seconds after it was opened; afterwards every `ASK_AGAIN_S`."""

ASK_AGAIN_S = 1800
LOOK_AFTER = (timedelta(minutes=30), timedelta(hours=25))
"""When to ask once more about an order that ended unpaid, counted from its end. A channel may have taken the money as
it closed, or after, and all its notices may be lost: the second look comes after the last repetition of a notice
(24 hours and four minutes at WeChat Pay)."""

LEASE_S = 60
"""How long an order is left to the one who is asking about it; if that process dies, another asks afterwards."""

ASK_AT_MOST_EVERY_S = 2
"""A payer pressing "I have paid" makes us ask no more often than this."""

OVERDUE = timedelta(hours=2)
"""An order still unknown so long after its time ran out is put before an operator."""

CLOSE_GRACE = timedelta(seconds=30)
"""How long after its time ran out an unpaid order is closed: the wallet's last second is still on its way."""

CURRENCY = "CNY"


class Verdict(StrEnum):
    """What becomes of money a channel told us of, in order of precedence: the first that is true holds.

    exists                    this transaction is recorded already, with the same amount: nothing is done
    exists_with_other_content the same transaction with another amount or order: nothing is booked, a person looks
    not_ours                  another merchant or app than ours: nothing is booked, a person looks
    currency_differs          not yuan: nothing can be booked in fen, a person looks
    order_not_found           money without an order of ours: suspense
    amount_differs            money of another amount than the order's: suspense
    second_capture            the order is settled by another transaction: suspense
    late_capture              the order was closed or had expired: suspense
    bill_not_payable          a bill of the order cannot be paid any more: suspense
    settled                   the order and its bills are paid
    """

    EXISTS = "exists"
    EXISTS_WITH_OTHER_CONTENT = "exists_with_other_content"
    NOT_OURS = "not_ours"
    CURRENCY_DIFFERS = "currency_differs"
    ORDER_NOT_FOUND = "order_not_found"
    AMOUNT_DIFFERS = "amount_differs"
    SECOND_CAPTURE = "second_capture"
    LATE_CAPTURE = "late_capture"
    BILL_NOT_PAYABLE = "bill_not_payable"
    SETTLED = "settled"


SUSPENDED = frozenset(
    {
        Verdict.ORDER_NOT_FOUND,
        Verdict.AMOUNT_DIFFERS,
        Verdict.SECOND_CAPTURE,
        Verdict.LATE_CAPTURE,
        Verdict.BILL_NOT_PAYABLE,
    }
)
"""Verdicts whose money is booked into suspense."""

TO_A_PERSON = SUSPENDED | {Verdict.EXISTS_WITH_OTHER_CONTENT, Verdict.NOT_OURS, Verdict.CURRENCY_DIFFERS}
"""Verdicts that open a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What of an order decides about a capture."""

    state: OrderState
    amount_fen: Fen
    channel_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCapture:
    """A capture recorded earlier under the same transaction number."""

    order_no: str
    amount_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFacts:
    """What a channel says of money it took."""

    channel_code: str
    order_no: str
    amount_fen: Fen
    currency: str
    is_ours: bool


def judge(seen: CaptureFacts, order: OrderFacts | None, known: KnownCapture | None) -> Verdict:
    """One verdict for one capture, by the precedence of `Verdict`;

    whether the bills can be paid is asked afterwards.
    """
    if known is not None:
        same = known.order_no == seen.order_no and known.amount_fen == seen.amount_fen
        return Verdict.EXISTS if same else Verdict.EXISTS_WITH_OTHER_CONTENT
    if not seen.is_ours:
        return Verdict.NOT_OURS
    if seen.currency != CURRENCY:
        return Verdict.CURRENCY_DIFFERS
    if order is None or order.channel_code != seen.channel_code:
        return Verdict.ORDER_NOT_FOUND
    if order.amount_fen != seen.amount_fen:
        return Verdict.AMOUNT_DIFFERS
    if order.state is OrderState.SETTLED:
        return Verdict.SECOND_CAPTURE
    return Verdict.SETTLED if order.state in LIVE else Verdict.LATE_CAPTURE


def next_ask_at(*, opened_at: Instant, expires_at: Instant, now: Instant) -> Instant:
    """When to ask next about an order: by `ASK_AFTER_S` after opening, once just after its time ran out, then every
    half hour.

    The next step that lies ahead, whoever asked before and how often: a payer's own question takes none away, and
    steps that were missed while nobody asked are passed over.
    """
    steps = [opened_at + timedelta(seconds=after) for after in ASK_AFTER_S]
    steps.append(expires_at + CLOSE_GRACE)
    ahead = [step for step in steps if step > now]
    return min(ahead) if ahead else now + timedelta(seconds=ASK_AGAIN_S)


def next_look_at(*, ended_at: Instant, asked_at: Instant) -> Instant | None:
    """When to look again at an order that ended unpaid and was explicitly answered about at `asked_at`.

    By `LOOK_AFTER`; nothing after the last look, so that no order is asked about for ever.
    """
    ahead = [ended_at + after for after in LOOK_AFTER if ended_at + after > asked_at]
    return min(ahead) if ahead else None


def looks_end_at(ended_at: Instant) -> Instant:
    """When an order that ended unpaid and that no channel answered about should have been answered about."""
    return ended_at + LOOK_AFTER[-1] + OVERDUE
