"""Billing's front door: what persons owe, how it came about, and who may pay it now.

A bill is made by the yearly assessment, locked by an open order, freed by the order's end, paid by its settlement and
undone by a refund.
What writes takes a transaction and answers one status per input; what reads takes a region. A bill's number is a pure
function of its id and is kept nowhere; nothing is found by it, because a bill is reached through its person or its
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from canbao.billing import assessment, store, undoing_store
from canbao.billing.assessment import (
    AssessedPage,
    AssessmentCounts,
    AssessmentPlan,
    RefusedClass,
)
from canbao.billing.bills import Bill, BillMoved, LockStatus, OrderBills, PaidStatus, bill_of
from canbao.billing.checks import AUDITORS
from canbao.billing.errors import (
    AMOUNT_CHANGED,
    AMOUNT_NOT_FINAL,
    BILL_CANCELLED,
    BILL_NOT_FOUND,
    BUYS_NO_COVER,
    ENROLLED_NOBODY,
    LOCKED_BY_OPEN_ORDER,
    NOTHING_OWED,
    PAID_BY_ASSISTANCE,
    REGISTERED_ELSEWHERE,
    WINDOW_CLOSED,
    WINDOW_NOT_OPEN,
    WINDOW_NOT_PUBLISHED,
)
from canbao.billing.rules import PAGE_SIZE, BillKind
from canbao.billing.states import BillState
from canbao.billing.undoing import BillUndoing, UndoneBill, UndoStatus
from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.rulebook.parameters import RegionYear

__all__ = [
    "AMOUNT_CHANGED",
    "AMOUNT_NOT_FINAL",
    "AUDITORS",
    "BILL_CANCELLED",
    "BILL_NOT_FOUND",
    "BUYS_NO_COVER",
    "ENROLLED_NOBODY",
    "LOCKED_BY_OPEN_ORDER",
    "NOTHING_OWED",
    "PAGE_SIZE",
    "PAID_BY_ASSISTANCE",
    "REGISTERED_ELSEWHERE",
    "WINDOW_CLOSED",
    "WINDOW_NOT_OPEN",
    "WINDOW_NOT_PUBLISHED",
    "AssessedPage",
    "AssessmentCounts",
    "AssessmentPlan",
    "Bill",
    "BillKind",
    "BillMoved",
    "BillState",
    "BillUndoing",
    "LockStatus",
    "OrderBills",
    "PaidStatus",
    "RefusedClass",
    "UndoStatus",
    "UndoneBill",
    "assess_page",
    "assessment_counts",
    "assessment_plan",
    "bill",
    "bills",
    "bills_of",
    "bills_of_orders",
    "free",
    "has_bill",
    "hold_standing",
    "lock",
    "mark_paid",
    "moves_of_order",
    "undo",
    "undone",
]


def bill(region: RegionCode, bill_id: UUID) -> Bill:
    """A bill by its id, cancelled or not. Errors: `billing.bill_not_found`."""
    found = bills(region, [bill_id])
    if not found:
        raise BILL_NOT_FOUND()
    return found[0]


def bills(region: RegionCode, bill_ids: Sequence[UUID]) -> list[Bill]:
    """The bills with these ids, in the order of ids; unknown ones are left out."""
    return [bill_of(region, row) for row in store.bills_by_id(region, bill_ids)]


def bills_of(region: RegionCode, person_ids: Sequence[UUID], on: date) -> list[Bill]:
    """The live bills of persons whose insured year has not ended on a day: due, locked, paid or met by the subsidy.

    In the order of persons, then insured years.
    """
    return [bill_of(region, row) for row in store.bills_of_persons(region, person_ids, on.year)]


def has_bill(region: RegionCode, person_id: UUID, on: date) -> bool:
    """Whether `bills_of` would answer with anything for this person."""
    return store.has_bill(region, person_id, on.year)


def bills_of_orders(region: RegionCode, order_ids: Sequence[UUID]) -> list[Bill]:
    """The bills that these orders hold or have paid, in the order of orders."""
    return [bill_of(region, row) for row in store.bills_of_orders(region, order_ids)]


def moves_of_order(region: RegionCode, bill_ids: Sequence[UUID], order_id: UUID) -> list[BillMoved]:
    """How these bills were locked, freed, paid and cancelled for an order, in the order of time."""
    return store.moves_of_order(region, bill_ids, order_id)


def lock(tx: Tx, bill_ids: Sequence[UUID], *, order_id: UUID, locked_until: Instant, now: Instant) -> list[LockStatus]:
    """Lock bills to an open order, one status per input in the order of inputs.

    Bills that can be locked are; whether the rest lets the order stand is the caller's decision. The same bill twice
    gives `locked`, then `exists`. `locked_until` is when the order expires, for whoever is told to come back.
    """
    return store.lock(tx, bill_ids, order_id=order_id, locked_until=locked_until, now=now)


def free(tx: Tx, order_ids: Sequence[UUID], *, now: Instant) -> int:
    """Free the bills that these orders have locked; answers how many. Paid ones stay paid, so twice is once."""
    return store.free(tx, order_ids, now=now)


def mark_paid(tx: Tx, orders: Sequence[OrderBills], *, now: Instant) -> list[PaidStatus]:
    """Mark the bills of settled orders as paid, all bills of an order or none, one status per order in the order of
    inputs.

    An order pays only what it has locked. Each bill keeps when the channel took its order's money.
    """
    return store.mark_paid(tx, orders, now=now)


def undo(tx: Tx, undoings: Sequence[BillUndoing], *, now: Instant) -> list[UndoStatus]:
    """Undo what bills were paid with, one status per input in the order of inputs; what is refused changes nothing.

    As a whole (`due_again`, `void`) the amount must be all that is left of the bill; by a difference (`reassessed`) at
    most that, and the event "bill.lessened" follows. A bill that is due again is another bill with another id:
    `bills_of` finds it.
    """
    return undoing_store.undo(tx, undoings, now=now)


def hold_standing(tx: Tx, bill_ids: Sequence[UUID], *, order_id: UUID) -> dict[UUID, Fen]:
    """Which of these bills an order's payment still stands behind, each with what is left of it in fen, in the order of
    ids; until the transaction ends no refund takes anything from any bill named here.

    A bill undone as a whole is left out, and so is one that another order paid, or none. One of which a difference went
    back stands with less, perhaps with nothing.
    """
    return undoing_store.hold_standing(tx, bill_ids, order_id)


def undone(region: RegionCode, bill_ids: Sequence[UUID]) -> list[UndoneBill]:
    """What refunds have undone of these bills, in the order of bills and then of time; most bills have nothing here."""
    return undoing_store.undone(region, bill_ids)


def assessment_plan(
    tx: Tx, parameters: RegionYear, policy_version_id: UUID, *, assessed_on: date, now: Instant
) -> AssessmentPlan:
    """Begin the assessment of a scheme and insured year, or take up the run left for the same day and values."""
    return assessment.open_assessment(tx, parameters, policy_version_id, assessed_on=assessed_on, now=now)


def assess_page(tx: Tx, plan: AssessmentPlan, *, now: Instant, limit: int = PAGE_SIZE) -> AssessedPage:
    """Assess the next persons of one of the run's lanes, at most `limit`; `is_done` when nobody is left in any.

    Makes at most one live bill per person, so running it again makes nothing new. Several workers at once make pages of
    different lanes.
    """
    return assessment.assess_page(tx, plan, limit=limit, now=now)


def assessment_counts(plan: AssessmentPlan) -> AssessmentCounts:
    """What the whole run has counted so far, all processes together."""
    lanes = store.run_counts(plan.region_code, plan.assessment_id)
    return sum(map(AssessmentCounts.from_document, lanes), AssessmentCounts())
