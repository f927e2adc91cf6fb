"""The accountant's page: one function per business fact, saying which account is debited and which is credited.

A transfer is one row with both sides and a positive amount, so an unbalanced entry cannot be written. A fact is known
by what it is about, never by when it is told: told twice it is the same transfer. Nothing is ever taken back here; an
undoing is a fact of its own with the sides exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import derived_id
from canbao.kernel.money import FEN_MAX, Fen
from canbao.ledger.chart import AccountCode, AccountKey


class TransferKind(StrEnum):
    """Which business fact a transfer books."""

    BILL_COLLECTED = "bill_collected"
    ASSISTANCE_MET = "assistance_met"
    CAPTURE_SUSPENDED = "capture_suspended"
    BILL_REFUNDED = "bill_refunded"
    ASSISTANCE_RETURNED = "assistance_returned"
    DIFFERENCE_MET = "difference_met"
    DIFFERENCE_RETURNED = "difference_returned"
    SUSPENSE_RELEASED = "suspense_released"
    REFUND_PAID = "refund_paid"
    REFUND_WITHDRAWN = "refund_withdrawn"
    TREASURY_BOOKED = "treasury_booked"
    FEE_CHARGED = "fee_charged"
    FEE_RETURNED = "fee_returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCollected:
    """A channel took the personal part of a bill. `due_from`, `due_until`: the due period as yyyymm."""

    capture_id: UUID
    order_id: UUID
    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistanceMet:
    """Assistance meets a bill's contribution, in part or whole; the assisting fund owes it from now on."""

    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSuspended:
    """A channel took money that fits no bill: a second capture, another amount, a closed order, an unknown one."""

    capture_id: UUID
    order_id: UUID | None
    channel_code: str
    amount_fen: Fen
    happened_at: Instant
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRefunded:
    """A refund of credited money was approved: so much of a bill's contribution is owed to its payer from now on."""

    refund_id: UUID
    order_id: UUID
    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistanceReturned:
    """A bill was undone as a whole: the assisting fund does not owe its part any more."""

    refund_id: UUID
    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceMet:
    """A paid bill was lessened because an assisted identity was recognised: what goes back to the payer, the assisting
    fund owes from now on.
    """

    refund_id: UUID
    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceReturned:
    """A bill that had been lessened was undone as a whole: the assisting fund does not owe the differences any more."""

    refund_id: UUID
    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseReleased:
    """A refund of suspended money was approved: it is owed to its payer from now on."""

    refund_id: UUID
    capture_id: UUID
    order_id: UUID | None
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPaid:
    """The channel says that a refund succeeded: the money is with its payer again."""

    refund_id: UUID
    capture_id: UUID
    order_id: UUID | None
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWithdrawn:
    """An approved refund was given up and none takes its place: the money waits in suspense before an operator."""

    refund_id: UUID
    capture_id: UUID
    order_id: UUID | None
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class TreasuryBooked:
    """What a channel took for a scheme and due period has arrived in the treasury."""

    booking_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCharged:
    """A channel kept a fee of what it took. `line_ref`: the line of its statement, which is told once per channel."""

    line_ref: str
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeReturned:
    """A channel gave back fees that it had kept, because money went back. `line_ref` as for `FeeCharged`."""

    line_ref: str
    channel_code: str
    amount_fen: Fen
    happened_at: Instant


Fact = (
    BillCollected
    | AssistanceMet
    | CaptureSuspended
    | BillRefunded
    | AssistanceReturned
    | DifferenceMet
    | DifferenceReturned
    | SuspenseReleased
    | RefundPaid
    | RefundWithdrawn
    | TreasuryBooked
    | FeeCharged
    | FeeReturned
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One movement of money between two accounts. `cause_id`: the refund or the booking that moved it, if one did."""

    transfer_id: UUID
    kind: TransferKind
    debit: AccountKey
    credit: AccountKey
    amount_fen: Fen
    happened_at: Instant
    order_id: UUID | None = None
    bill_id: UUID | None = None
    capture_id: UUID | None = None
    cause_id: UUID | None = None
    reason: str = ""


def transfers_of(fact: Fact) -> tuple[Transfer, ...]:
    """The transfers that book a fact; none for an amount of zero. Raises ValueError for a negative or absurd amount."""
    if not 0 <= fact.amount_fen <= FEN_MAX:
        message = f"a {type(fact).__name__} has an amount of zero or more fen and at most {FEN_MAX}"
        raise ValueError(message)
    if fact.amount_fen == 0:
        return ()
    match fact:
        case BillCollected():
            return (collect_bill(fact),)
        case AssistanceMet():
            return (meet_by_assistance(fact),)
        case CaptureSuspended():
            return (suspend_capture(fact),)
        case BillRefunded():
            return (refund_bill(fact),)
        case AssistanceReturned():
            return (return_assistance(fact),)
        case DifferenceMet():
            return (meet_difference(fact),)
        case DifferenceReturned():
            return (return_difference(fact),)
        case SuspenseReleased():
            return (release_suspense(fact),)
        case RefundPaid():
            return (pay_refund(fact),)
        case RefundWithdrawn():
            return (withdraw_refund(fact),)
        case TreasuryBooked():
            return (book_treasury(fact),)
        case FeeCharged():
            return (charge_fee(fact),)
        case FeeReturned():
            return (return_fee(fact),)


def collect_bill(fact: BillCollected) -> Transfer:
    """借 渠道待清算款（渠道） 贷 社会保险费收入（险种、费款所属期）: one per bill and capture."""
    return Transfer(
        transfer_id=derived_id(TransferKind.BILL_COLLECTED, fact.capture_id.hex, fact.bill_id.hex),
        kind=TransferKind.BILL_COLLECTED,
        debit=_clearing(fact.channel_code),
        credit=_income(fact.scheme_code, fact.due_from),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        order_id=fact.order_id,
        bill_id=fact.bill_id,
        capture_id=fact.capture_id,
    )


def meet_by_assistance(fact: AssistanceMet) -> Transfer:
    """借 应收资助参保款（险种、费款所属期） 贷 社会保险费收入（险种、费款所属期）: one per bill."""
    return Transfer(
        transfer_id=derived_id(TransferKind.ASSISTANCE_MET, fact.bill_id.hex),
        kind=TransferKind.ASSISTANCE_MET,
        debit=_receivable(fact.scheme_code, fact.due_from),
        credit=_income(fact.scheme_code, fact.due_from),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        bill_id=fact.bill_id,
    )


def suspend_capture(fact: CaptureSuspended) -> Transfer:
    """借 渠道待清算款（渠道） 贷 暂收款（渠道）: one per capture."""
    return Transfer(
        transfer_id=derived_id(TransferKind.CAPTURE_SUSPENDED, fact.capture_id.hex),
        kind=TransferKind.CAPTURE_SUSPENDED,
        debit=_clearing(fact.channel_code),
        credit=_suspense(fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        order_id=fact.order_id,
        capture_id=fact.capture_id,
        reason=fact.reason,
    )


def refund_bill(fact: BillRefunded) -> Transfer:
    """借 社会保险费收入（险种、费款所属期） 贷 应付退费款（渠道）: one per refund and bill."""
    return Transfer(
        transfer_id=derived_id(TransferKind.BILL_REFUNDED, fact.refund_id.hex, fact.bill_id.hex),
        kind=TransferKind.BILL_REFUNDED,
        debit=_income(fact.scheme_code, fact.due_from),
        credit=_refund_payable(fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        order_id=fact.order_id,
        bill_id=fact.bill_id,
        cause_id=fact.refund_id,
    )


def return_assistance(fact: AssistanceReturned) -> Transfer:
    """借 社会保险费收入（险种、费款所属期） 贷 应收资助参保款（险种、费款所属期）: one per bill."""
    return Transfer(
        transfer_id=derived_id(TransferKind.ASSISTANCE_RETURNED, fact.bill_id.hex),
        kind=TransferKind.ASSISTANCE_RETURNED,
        debit=_income(fact.scheme_code, fact.due_from),
        credit=_receivable(fact.scheme_code, fact.due_from),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        bill_id=fact.bill_id,
        cause_id=fact.refund_id,
    )


def meet_difference(fact: DifferenceMet) -> Transfer:
    """借 应收资助参保款（险种、费款所属期） 贷 社会保险费收入（险种、费款所属期）: one per refund and bill."""
    return Transfer(
        transfer_id=derived_id(TransferKind.DIFFERENCE_MET, fact.refund_id.hex, fact.bill_id.hex),
        kind=TransferKind.DIFFERENCE_MET,
        debit=_receivable(fact.scheme_code, fact.due_from),
        credit=_income(fact.scheme_code, fact.due_from),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        bill_id=fact.bill_id,
        cause_id=fact.refund_id,
    )


def return_difference(fact: DifferenceReturned) -> Transfer:
    """借 社会保险费收入（险种、费款所属期） 贷 应收资助参保款（险种、费款所属期）: one per refund and bill."""
    return Transfer(
        transfer_id=derived_id(TransferKind.DIFFERENCE_RETURNED, fact.refund_id.hex, fact.bill_id.hex),
        kind=TransferKind.DIFFERENCE_RETURNED,
        debit=_income(fact.scheme_code, fact.due_from),
        credit=_receivable(fact.scheme_code, fact.due_from),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        bill_id=fact.bill_id,
        cause_id=fact.refund_id,
    )


def release_suspense(fact: SuspenseReleased) -> Transfer:
    """借 暂收款（渠道） 贷 应付退费款（渠道）: one per refund."""
    return Transfer(
        transfer_id=derived_id(TransferKind.SUSPENSE_RELEASED, fact.refund_id.hex),
        kind=TransferKind.SUSPENSE_RELEASED,
        debit=_suspense(fact.channel_code),
        credit=_refund_payable(fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        order_id=fact.order_id,
        capture_id=fact.capture_id,
        cause_id=fact.refund_id,
    )


def pay_refund(fact: RefundPaid) -> Transfer:
    """借 应付退费款（渠道） 贷 渠道待清算款（渠道）: one per refund."""
    return Transfer(
        transfer_id=derived_id(TransferKind.REFUND_PAID, fact.refund_id.hex),
        kind=TransferKind.REFUND_PAID,
        debit=_refund_payable(fact.channel_code),
        credit=_clearing(fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        order_id=fact.order_id,
        capture_id=fact.capture_id,
        cause_id=fact.refund_id,
    )


def withdraw_refund(fact: RefundWithdrawn) -> Transfer:
    """借 应付退费款（渠道） 贷 暂收款（渠道）: one per refund."""
    return Transfer(
        transfer_id=derived_id(TransferKind.REFUND_WITHDRAWN, fact.refund_id.hex),
        kind=TransferKind.REFUND_WITHDRAWN,
        debit=_refund_payable(fact.channel_code),
        credit=_suspense(fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        order_id=fact.order_id,
        capture_id=fact.capture_id,
        cause_id=fact.refund_id,
    )


def book_treasury(fact: TreasuryBooked) -> Transfer:
    """借 已入国库款（险种、费款所属期） 贷 渠道待清算款（渠道）: one per booking, scheme and due period."""
    return Transfer(
        transfer_id=derived_id(
            TransferKind.TREASURY_BOOKED, fact.booking_id.hex, fact.scheme_code, fact.due_from, fact.due_until
        ),
        kind=TransferKind.TREASURY_BOOKED,
        debit=AccountKey(account_code=AccountCode.TREASURY, scheme_code=fact.scheme_code, due_from=fact.due_from),
        credit=_clearing(fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        cause_id=fact.booking_id,
    )


def charge_fee(fact: FeeCharged) -> Transfer:
    """借 渠道手续费（渠道） 贷 渠道待清算款（渠道）: one per line of a channel's statement."""
    return Transfer(
        transfer_id=derived_id(TransferKind.FEE_CHARGED, fact.channel_code, fact.line_ref),
        kind=TransferKind.FEE_CHARGED,
        debit=AccountKey(account_code=AccountCode.CHANNEL_FEE, channel_code=fact.channel_code),
        credit=_clearing(fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        reason=fact.line_ref,
    )


def return_fee(fact: FeeReturned) -> Transfer:
    """借 渠道待清算款（渠道） 贷 渠道手续费（渠道）: one per line of a channel's statement."""
    return Transfer(
        transfer_id=derived_id(TransferKind.FEE_RETURNED, fact.channel_code, fact.line_ref),
        kind=TransferKind.FEE_RETURNED,
        debit=_clearing(fact.channel_code),
        credit=AccountKey(account_code=AccountCode.CHANNEL_FEE, channel_code=fact.channel_code),
        amount_fen=fact.amount_fen,
        happened_at=fact.happened_at,
        reason=fact.line_ref,
    )


@lru_cache(maxsize=1000)
def _clearing(channel_code: str) -> AccountKey:
    return AccountKey(account_code=AccountCode.CLEARING, channel_code=channel_code)


@lru_cache(maxsize=1000)
def _income(scheme_code: str, due_from: int) -> AccountKey:
    return AccountKey(account_code=AccountCode.CONTRIBUTION_INCOME, scheme_code=scheme_code, due_from=due_from)


@lru_cache(maxsize=1000)
def _receivable(scheme_code: str, due_from: int) -> AccountKey:
    return AccountKey(account_code=AccountCode.ASSISTANCE_RECEIVABLE, scheme_code=scheme_code, due_from=due_from)


@lru_cache(maxsize=1000)
def _suspense(channel_code: str) -> AccountKey:
    return AccountKey(account_code=AccountCode.SUSPENSE, channel_code=channel_code)


@lru_cache(maxsize=1000)
def _refund_payable(channel_code: str) -> AccountKey:
    return AccountKey(account_code=AccountCode.REFUND_PAYABLE, channel_code=channel_code)
