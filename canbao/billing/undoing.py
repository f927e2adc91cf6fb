"""Undoing what a bill was paid with: the request, its statuses, and the judgement, which is pure.

A refund undoes a bill as a whole or by a difference. As a whole, the bill is cancelled by a negative record and either
lives again as a bill of the same price or is owed no more. By a difference, it stays paid and a negative record beside
it says what went back. Either record names its refund, so a refund undoes a bill once, however often it is told.

A bill that is owed no more stays so until an assessment finds that the register still says otherwise: what a refund
was told (insured elsewhere, died) has to reach the register too, or the next assessment makes another bill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from canbao.billing.states import BillState
from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen
from canbao.rulebook.refund import BillAfter


class UndoStatus(StrEnum):
    """What became of an undoing, in order of precedence.

    - `exists`: this refund has undone this bill before, or earlier in the batch;
    - `not_found`: no such bill;
    - `not_paid`: the bill is not paid, or by another order;
    - `amount_differs`: as a whole, not all that is left of the bill; by a difference, nothing or more than is left;
    - `undone`: the negative record was written, and the bill moved where it was undone as a whole.
    """

    EXISTS = "exists"
    NOT_FOUND = "not_found"
    NOT_PAID = "not_paid"
    AMOUNT_DIFFERS = "amount_differs"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillUndoing:
    """A refund's word about one bill. `order_id`: the order that paid it; `after`: what becomes of the bill.

    `due_again` and `void` undo the bill as a whole, `reassessed` by the difference of `amount_fen`. Raises ValueError
    for `unchanged`: a refund that touches no bill has nothing to undo here.
    """

    bill_id: UUID
    refund_id: UUID
    order_id: UUID
    amount_fen: Fen
    after: BillAfter

    def __post_init__(self) -> None:
        if self.after is BillAfter.UNCHANGED:
            message = "a refund that leaves the bill as it is undoes no bill"
            raise ValueError(message)

    @property
    def is_whole(self) -> bool:
        """Whether the bill is cancelled."""
        return self.after is not BillAfter.REASSESSED


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoneBill:
    """What a refund has undone of a bill. `order_id`: the order that had paid it; `assistance_fen`: what the assisting
    fund does not owe any more, none where a difference was undone.
    """

    bill_id: UUID
    record_id: UUID
    refund_id: UUID
    order_id: UUID
    is_whole: bool
    amount_fen: Fen
    assistance_fen: Fen
    recorded_at: Instant


EVENT_AFTER: Mapping[BillAfter, str] = {BillAfter.DUE_AGAIN: "renew", BillAfter.VOID: "annul"}
"""How a bill moves that is undone as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBill:
    """A bill held for its undoing. `personal_fen` is what it was paid with."""

    bill_id: UUID
    state: str
    order_id: UUID | None
    personal_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRecord:
    """What one refund took from a bill; a positive amount."""

    bill_id: UUID
    refund_id: UUID
    amount_fen: int


def judge_undoings(
    undoings: Sequence[BillUndoing], held: Sequence[HeldBill], records: Sequence[RefundRecord]
) -> list[UndoStatus]:
    """Say of each undoing what becomes of it, in order; each is judged after those before it have taken effect."""
    bills = {bill.bill_id: bill for bill in held}
    told = {(record.bill_id, record.refund_id) for record in records}
    left = {bill.bill_id: bill.personal_fen for bill in held}
    for record in records:
        left[record.bill_id] -= record.amount_fen
    cancelled: set[UUID] = set()
    statuses: list[UndoStatus] = []
    for undoing in undoings:
        status = _judge(undoing, bills.get(undoing.bill_id), told, left, cancelled)
        statuses.append(status)
        if status is UndoStatus.UNDONE:
            told.add((undoing.bill_id, undoing.refund_id))
            left[undoing.bill_id] -= undoing.amount_fen
            if undoing.is_whole:
                cancelled.add(undoing.bill_id)
    return statuses


def _judge(
    undoing: BillUndoing,
    bill: HeldBill | None,
    told: set[tuple[UUID, UUID]],
    left: Mapping[UUID, int],
    cancelled: set[UUID],
) -> UndoStatus:
    if (undoing.bill_id, undoing.refund_id) in told:
        return UndoStatus.EXISTS
    if bill is None:
        return UndoStatus.NOT_FOUND
    is_paid = bill.state == BillState.PAID and bill.bill_id not in cancelled
    if not is_paid or bill.order_id != undoing.order_id:
        return UndoStatus.NOT_PAID
    left_fen = left[undoing.bill_id]
    fits = undoing.amount_fen == left_fen if undoing.is_whole else 0 < undoing.amount_fen <= left_fen
    return UndoStatus.UNDONE if fits else UndoStatus.AMOUNT_DIFFERS
