"""Captures: money that a channel says it took, judged once and recorded for ever.

A capture is learned from a notice or from an answer to a question; both come through here. `judge` locks the orders and
says what each capture is worth; the journey then pays the bills; `record` writes the captures, settles the orders and
opens the cases. No verdict raises: money that does not fit is recorded in suspense with its reason and put before a
person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from canbao.channels.interface import Account, Payment
from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.payments import store
from canbao.payments.rules import SUSPENDED, TO_A_PERSON, CaptureFacts, KnownCapture, OrderFacts, Verdict, judge
from canbao.payments.states import OrderState

statements = Statements(__package__)

SUSPENSE_LOCK = 0x5053
"""The room's half of an advisory lock; the other half is the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A payment as a channel told it, and how we learned of it: `notice` or `ask`."""

    channel_code: str
    payment: Payment
    learned_from: str
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict on one payment seen. `order_id` is set when the number names an order of ours."""

    seen: Seen
    capture_id: UUID
    order_id: UUID | None
    expected_fen: Fen | None
    verdict: Verdict

    def suspended(self, verdict: Verdict) -> Judged:
        """The same capture with another verdict: its bills turned out not to be payable."""
        return replace(self, verdict=verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRecord:
    """A recorded capture, as the order's page and the auditors see it."""

    capture_id: UUID
    trade_ref: str
    amount_fen: Fen
    disposition: str
    reason: str
    happened_at: Instant
    recorded_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An open case: something a channel said that does not fit our books."""

    case_no: str
    kind: str
    order_no: str
    expected: str
    found: str
    opened_at: Instant


def judge_captures(tx: Tx, seen: Sequence[Seen], accounts: Mapping[str, Account]) -> list[Judged]:
    """One verdict per payment seen, in the order given; the orders named stay locked until the transaction ends.

    A payment that stands twice in the batch is judged twice: the second time as it will be when the first is recorded.
    `accounts` says who we are at each channel.
    """
    locked = {row.order_no: row for row in _lock_orders(tx, seen)}
    if any(item.payment.order_no not in locked for item in seen):
        # Two notices of one such payment in two workers: the second waits, and then finds the first one's capture.
        tx.scalars(statements["hold_suspense"], lock_key=SUSPENSE_LOCK)
    capture_ids = [derived_id("capture", item.channel_code, item.payment.trade_ref) for item in seen]
    known = _known(tx, capture_ids)
    states = {order_no: OrderState(row.state) for order_no, row in locked.items()}
    judged = []
    for item, capture_id in zip(seen, capture_ids, strict=True):
        payment, row = item.payment, locked.get(item.payment.order_no)
        facts = None
        if row is not None:
            facts = OrderFacts(
                state=states[row.order_no], amount_fen=Fen(row.amount_fen), channel_code=row.channel_code
            )
        verdict = judge(_facts(item, accounts[item.channel_code]), facts, known.get(capture_id))
        judged.append(
            Judged(
                seen=item,
                capture_id=capture_id,
                order_id=row.order_id if row is not None else None,
                expected_fen=facts.amount_fen if facts is not None else None,
                verdict=verdict,
            )
        )
        if verdict is Verdict.SETTLED:
            states[payment.order_no] = OrderState.SETTLED
        if verdict is Verdict.SETTLED or verdict in SUSPENDED:
            known[capture_id] = KnownCapture(order_no=payment.order_no, amount_fen=payment.amount_fen)
    return judged


def record(tx: Tx, judged: Sequence[Judged], *, now: Instant) -> None:
    """Write what was judged: captures, settled orders, cases. The bills of settled orders are paid in the same
    transaction.

    Raises AssertionError when an order judged payable did not move: it was locked, so that is our mistake.
    """
    settled = [item for item in judged if item.verdict is Verdict.SETTLED]
    booked = [item for item in judged if item.verdict is Verdict.SETTLED or item.verdict in SUSPENDED]
    store.insert_captures(tx, [_capture_row(item) for item in booked], now=now)
    if settled:
        order_ids = [item.order_id for item in settled if item.order_id is not None]
        moved = store.settle_orders(tx, order_ids, [item.seen.payment.trade_ref for item in settled], now=now)
        assert len(moved) == len(order_ids), "no order settles twice"
        assert set(moved) == set(order_ids), "a locked live order settles"
    region = tx.region
    assert region is not None, "captures are regional"
    store.insert_cases(tx, [_case_row(region, item) for item in judged if item.verdict in TO_A_PERSON], now=now)


def open_overdue_case(tx: Tx, *, order_id: UUID, order_no: str, now: Instant) -> None:
    """Put an order before an operator whose outcome is unknown for too long; once."""
    region = tx.region
    assert region is not None, "cases are regional"
    case_id = derived_id("case", "outcome_overdue", str(order_id))
    row = store.CaseRow(
        id=case_id,
        case_no=make_no(region, Kind.CASE, case_id),
        kind="outcome_overdue",
        order_no=order_no,
        subject_id=order_id,
        expected="an explicit answer",
        found="none",
    )
    store.insert_cases(tx, [row], now=now)


def captures_of(region: RegionCode, order_no: str) -> list[CaptureRecord]:
    """Every capture that named an order's number, in time order."""
    with reading(region) as reader:
        return reader.rows(statements["read_captures_of"], CaptureRecord, order_no=order_no)


def open_cases(region: RegionCode, *, limit: int = 100) -> list[Case]:
    """Open cases of a region, oldest first."""
    with reading(region) as reader:
        return reader.rows(statements["read_cases"], Case, limit=limit)


def case_of_order(region: RegionCode, order_no: str) -> Case | None:
    """The oldest open case of an order, if it has one."""
    with reading(region) as reader:
        return reader.one(statements["find_case_of_order"], Case, order_no=order_no)


def _lock_orders(tx: Tx, seen: Sequence[Seen]) -> list[store.LockedOrder]:
    order_nos = sorted({item.payment.order_no for item in seen})
    return tx.rows(statements["lock_orders"], store.LockedOrder, order_nos=order_nos)


def _known(tx: Tx, capture_ids: Sequence[UUID]) -> dict[UUID, KnownCapture]:
    rows = tx.rows(statements["read_captures"], store.KnownRow, capture_ids=list(dict.fromkeys(capture_ids)))
    return {row.capture_id: KnownCapture(order_no=row.order_no, amount_fen=Fen(row.amount_fen)) for row in rows}


def _facts(item: Seen, account: Account) -> CaptureFacts:
    payment = item.payment
    return CaptureFacts(
        channel_code=item.channel_code,
        order_no=payment.order_no,
        amount_fen=payment.amount_fen,
        currency=payment.currency,
        is_ours=payment.merchant_ref == account.merchant_ref and payment.app_ref == account.app_ref,
    )


def _capture_row(item: Judged) -> store.CaptureRow:
    payment, credited = item.seen.payment, item.verdict is Verdict.SETTLED
    return store.CaptureRow(
        id=item.capture_id,
        channel_code=item.seen.channel_code,
        trade_ref=payment.trade_ref,
        order_no=payment.order_no,
        order_id=item.order_id,
        amount_fen=payment.amount_fen,
        happened_at=payment.happened_at,
        learned_from=item.seen.learned_from,
        disposition="credited" if credited else "suspended",
        reason="" if credited else str(item.verdict),
    )


def _case_row(region: RegionCode, item: Judged) -> store.CaseRow:
    payment = item.seen.payment
    case_id = derived_id(
        "case", item.verdict, item.seen.channel_code, payment.trade_ref, payment.order_no, payment.amount_fen
    )
    expected = f"{format_yuan(item.expected_fen)} CNY" if item.expected_fen is not None else "no such order"
    return store.CaseRow(
        id=case_id,
        case_no=make_no(region, Kind.CASE, case_id),
        kind=str(item.verdict),
        order_no=payment.order_no,
        subject_id=item.seen.subject_id,
        expected=expected,
        found=f"{format_yuan(payment.amount_fen)} {payment.currency}",
    )
