"""The statements that undo bills, in the transaction they are given: held in the order of ids, judged, then written.

Beside `store`, which runs all other SQL of this room.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from canbao.billing.states import BILL, BillState
from canbao.billing.store import move, statements
from canbao.billing.undoing import (
    EVENT_AFTER,
    BillUndoing,
    HeldBill,
    RefundRecord,
    UndoneBill,
    UndoStatus,
    judge_undoings,
)
from canbao.kernel import outbox
from canbao.kernel.clock import Instant, civil_date
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx, reading
from canbao.rulebook.refund import BillAfter

LESSENED = "bill.lessened"
"""The event that refunds took differences from the bills it names, or undid bills from which they had."""


def undo(tx: Tx, undoings: Sequence[BillUndoing], *, now: Instant) -> list[UndoStatus]:
    """Judge each undoing, then write the records of those that hold and move the bills undone as a whole."""
    if not undoings:
        return []
    wanted = sorted({undoing.bill_id for undoing in undoings})
    held = tx.rows(statements["hold_bills_to_undo"], HeldBill, bill_ids=wanted)
    # A statement of its own after the bills are held, so that it sees what the one who held them before has written.
    records = tx.rows(statements["list_refund_records"], RefundRecord, bill_ids=[bill.bill_id for bill in held])
    statuses = judge_undoings(undoings, held, records)
    undone = [undoing for undoing, status in zip(undoings, statuses, strict=True) if status is UndoStatus.UNDONE]
    _lessen(tx, [undoing for undoing in undone if not undoing.is_whole], now=now)
    _tell_of_differences(tx, undone, records, now=now)
    for after, event in EVENT_AFTER.items():
        _cancel(tx, event, [undoing for undoing in undone if undoing.after is after], now=now)
    _renew(tx, [undoing.bill_id for undoing in undone if undoing.after is BillAfter.DUE_AGAIN], now=now)
    return statuses


def undone(region: RegionCode, bill_ids: Sequence[UUID]) -> list[UndoneBill]:
    """What refunds have undone of bills."""
    with reading(region) as reader:
        return reader.rows(statements["list_undone"], UndoneBill, bill_ids=list(bill_ids))


def hold_standing(tx: Tx, bill_ids: Sequence[UUID], order_id: UUID) -> dict[UUID, Fen]:
    """Share the bills, then look at them and at what refunds took from them."""
    wanted = sorted(set(bill_ids))
    held = tx.rows(statements["share_bills"], HeldBill, bill_ids=wanted)
    # A statement of its own after the bills are held: a difference leaves the bill's own row as it was.
    records = tx.rows(statements["list_refund_records"], RefundRecord, bill_ids=wanted)
    left = {
        bill.bill_id: bill.personal_fen for bill in held if bill.state == BillState.PAID and bill.order_id == order_id
    }
    for record in records:
        if record.bill_id in left:
            left[record.bill_id] -= record.amount_fen
    return {bill_id: Fen(left_fen) for bill_id, left_fen in left.items()}


def _lessen(tx: Tx, undoings: Sequence[BillUndoing], *, now: Instant) -> None:
    if not undoings:
        return
    written = tx.run(
        statements["insert_refund_records"],
        bill_ids=[undoing.bill_id for undoing in undoings],
        refund_ids=[undoing.refund_id for undoing in undoings],
        amounts_fen=[undoing.amount_fen for undoing in undoings],
        undone_on=civil_date(now),
        now=now,
    )
    assert written == len(undoings), "every bill held for a difference has its record"


def _tell_of_differences(
    tx: Tx, undone: Sequence[BillUndoing], records: Sequence[RefundRecord], *, now: Instant
) -> None:
    """Said here and not by the caller: whoever lessens a bill, somebody else owes the difference from then on."""
    lessened = {record.bill_id for record in records} | {one.bill_id for one in undone if not one.is_whole}
    bill_ids = sorted(lessened & {one.bill_id for one in undone})
    if bill_ids:
        outbox.append(tx, LESSENED, [{"bill_ids": [str(bill_id) for bill_id in bill_ids]}], now=now)


def _cancel(tx: Tx, event: str, undoings: Sequence[BillUndoing], *, now: Instant) -> None:
    if not undoings:
        return
    bill_ids = [undoing.bill_id for undoing in undoings]
    move(tx, event, bill_ids, order_id=None, locked_until=None, happened_at=now, now=now)
    written = tx.run(
        statements["insert_refund_reversals"],
        bill_ids=bill_ids,
        refund_ids=[undoing.refund_id for undoing in undoings],
        undone_on=civil_date(now),
        now=now,
    )
    assert written == len(undoings), f"every bill that was moved by {event} from {BILL.sources(event)} has its record"


def _renew(tx: Tx, bill_ids: Sequence[UUID], *, now: Instant) -> None:
    if not bill_ids:
        return
    made = tx.run(statements["renew_bills"], bill_ids=list(bill_ids), now=now)
    assert made == len(bill_ids), "every bill that is due again has another one in its place"
