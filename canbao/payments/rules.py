"""Pure decisions of the room: what a capture is worth to us, what a word about a refund is worth, and when to ask
about silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from canbao.channels.interface import RefundAdvice, RefundFate
from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen
from canbao.payments.states import LIVE, OUTSIDE, OrderState, RefundState

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

SUSPENSE_LEFT = "suspense_left"
"""The case of money that waits in suspense because the refund that spoke for it was turned down or given up."""

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


REFUND_ASK_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 3, 4, 5, 10, 20, 40, 70))
"""When to ask about a refund, counted from its sending: every minute for five minutes, then 5, 10, 20 and 30 later."""

REFUND_ASK_AGAIN = timedelta(hours=1)
"""How often afterwards, until the channel says what became of it."""

BY_HAND_ASK_AGAIN = timedelta(days=1)
"""How often a refund that waits for a person is asked about: the person may have acted at the channel itself."""

REFUND_SPACING = timedelta(seconds=60)
"""How far apart refunds of one transaction are sent: WeChat Pay takes one a minute."""

REFUND_LEASE = timedelta(seconds=60)
"""How long a refund is left to the one who is sending it or asking about it; if that process dies, another asks."""


class RefundVerdict(StrEnum):
    """What becomes of a channel's word about a refund, in order of precedence: the first that is true holds.

    refund_not_found         no refund of ours has this number: a person looks
    refund_not_ours          another merchant or channel than ours: a person looks
    refund_currency_differs  not yuan: a person looks
    refund_numbers_differ    another order or transaction than the refund's, or another number of the channel's for it
    refund_amount_differs    another amount than ours, of the refund or of the whole transaction: a person looks
    refund_contradicts       it cannot be: of a refund that was never sent, that is given up, or that had succeeded
    exists                   known already, or overtaken by a later word: nothing is done
    in_work                  the channel is at it: asked about again
    put_aside                the channel closed it or cannot deliver it: a person does the next step
    succeeded                the money went back
    """

    REFUND_NOT_FOUND = "refund_not_found"
    REFUND_NOT_OURS = "refund_not_ours"
    REFUND_CURRENCY_DIFFERS = "refund_currency_differs"
    REFUND_NUMBERS_DIFFER = "refund_numbers_differ"
    REFUND_AMOUNT_DIFFERS = "refund_amount_differs"
    REFUND_CONTRADICTS = "refund_contradicts"
    EXISTS = "exists"
    IN_WORK = "in_work"
    PUT_ASIDE = "put_aside"
    SUCCEEDED = "succeeded"


REFUND_TO_A_PERSON = frozenset(
    {
        RefundVerdict.REFUND_NOT_FOUND,
        RefundVerdict.REFUND_NOT_OURS,
        RefundVerdict.REFUND_CURRENCY_DIFFERS,
        RefundVerdict.REFUND_NUMBERS_DIFFER,
        RefundVerdict.REFUND_AMOUNT_DIFFERS,
        RefundVerdict.REFUND_CONTRADICTS,
    }
)
"""Verdicts on a word about a refund that open a case and move nothing."""


class NextStep(StrEnum):
    """What a person does next about a refund that waits by hand.

    top_up         our account at the channel is short: pay in; the same number is sent again every day
    new_number     the channel closed this number for good: only a refund with a new number can succeed
    other_account  the account that paid cannot take it: agree with the payer and have the channel pay it out to her
    look           the channel turned it down for a reason of its own: read its code and the exchange
    """

    TOP_UP = "top_up"
    NEW_NUMBER = "new_number"
    OTHER_ACCOUNT = "other_account"
    LOOK = "look"


STEP_WORDS: dict[NextStep, tuple[str, str]] = {
    NextStep.TOP_UP: (
        "商户账户余额不足：请充值。系统每天用同一退费号再发，充值后也可以马上再发",
        "The merchant account is short: pay in. The same number is sent again every day, or at once with `again`",
    ),
    NextStep.NEW_NUMBER: (
        "渠道已关闭这个退费号：请确认账户余额后换新号再发",
        "The channel closed this number: see that the merchant account has money, then `again` sends a new number",
    ),
    NextStep.OTHER_ACCOUNT: (
        "原账户退不回去：请与付款人核对账户，在渠道商户平台按异常退款办理，系统每天查询结果",
        "The account that paid cannot take it: agree with the payer and have the channel pay it out as an abnormal "
        "refund; it is asked about every day",
    ),
    NextStep.LOOK: (
        "渠道拒绝了这笔退费：请按渠道给出的代码处理，然后用同一退费号再发，或者作废",
        "The channel turned it down: act on its code, then `again` sends the same number, or `give-up`",
    ),
}
"""The next step as a person reads it, Chinese and English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """What of a refund of ours decides about a channel's word.

    `refund_ref`, the channel's own number, is empty until it has said it.
    """

    state: RefundState
    channel_code: str
    order_no: str
    trade_ref: str
    refund_ref: str
    amount_fen: Fen
    captured_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWord:
    """What a channel says of a refund."""

    channel_code: str
    order_no: str
    trade_ref: str
    refund_ref: str
    amount_fen: Fen
    captured_fen: Fen
    currency: str
    is_ours: bool
    fate: RefundFate


def judge_refund(word: RefundWord, refund: RefundFacts | None) -> RefundVerdict:
    """One verdict for one word about a refund, by the precedence of `RefundVerdict`."""
    if refund is None:
        return RefundVerdict.REFUND_NOT_FOUND
    if not word.is_ours or word.channel_code != refund.channel_code:
        return RefundVerdict.REFUND_NOT_OURS
    if word.currency != CURRENCY:
        return RefundVerdict.REFUND_CURRENCY_DIFFERS
    if (word.order_no, word.trade_ref) != (refund.order_no, refund.trade_ref):
        return RefundVerdict.REFUND_NUMBERS_DIFFER
    if not word.refund_ref or refund.refund_ref not in ("", word.refund_ref):
        return RefundVerdict.REFUND_NUMBERS_DIFFER
    if (word.amount_fen, word.captured_fen) != (refund.amount_fen, refund.captured_fen):
        return RefundVerdict.REFUND_AMOUNT_DIFFERS
    return _by_state(word.fate, refund.state)


def _by_state(fate: RefundFate, state: RefundState) -> RefundVerdict:
    """What a fitting word is worth in a state: one of a refund that never left us, or that had ended otherwise, cannot
    be true together with our books.
    """
    if state in OUTSIDE:
        match fate:
            case RefundFate.SUCCEEDED:
                return RefundVerdict.SUCCEEDED
            case RefundFate.PROCESSING:
                return RefundVerdict.IN_WORK
            case RefundFate.CLOSED | RefundFate.ABNORMAL:
                return RefundVerdict.PUT_ASIDE
    if state is RefundState.SUCCEEDED:
        is_possible = fate in (RefundFate.SUCCEEDED, RefundFate.PROCESSING)
    else:
        is_possible = state is RefundState.FAILED and fate is not RefundFate.SUCCEEDED
    return RefundVerdict.EXISTS if is_possible else RefundVerdict.REFUND_CONTRADICTS


def next_step(advice: RefundAdvice | None, fate: RefundFate | None) -> NextStep:
    """What a person does after an explicit no: by the channel's advice, or by what became of the refund there."""
    if fate is RefundFate.ABNORMAL:
        return NextStep.OTHER_ACCOUNT
    if fate is RefundFate.CLOSED or advice is RefundAdvice.NEW_NUMBER:
        return NextStep.NEW_NUMBER
    return NextStep.TOP_UP if advice is RefundAdvice.AGAIN else NextStep.LOOK


def next_refund_ask_at(*, sent_at: Instant, now: Instant) -> Instant:
    """When to ask next about a refund that the channel is at: the next step of `REFUND_ASK_AFTER`, then hourly."""
    ahead = [sent_at + after for after in REFUND_ASK_AFTER if sent_at + after > now]
    return min(ahead) if ahead else now + REFUND_ASK_AGAIN
