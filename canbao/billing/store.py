"""The only file of billing that runs SQL: each function is one or a few statements of `sql/`, in the transaction it is
given.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from canbao.billing.bills import BillMoved, BillRow, LockStatus, OrderBills, PaidStatus, step_document
from canbao.billing.rules import BillKind, LaneBounds, bill_key
from canbao.billing.states import ASSESSMENT, BILL, AssessmentState
from canbao.kernel.clock import Instant
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.rulebook.contribution import PersonClass, Price

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A running assessment, held."""

    assessment_id: UUID
    assessed_on: date
    policy_version_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane of a run, held: how far it came, and what it has counted."""

    lane_no: int
    after_person_id: UUID
    last_person_id: UUID
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuestion:
    """What a page of the assessment is asked by: the run's days and keys, and where the page begins."""

    scheme_code: str
    insured_year: int
    due_from: int
    due_until: int
    policy_version_id: UUID
    assessed_on: date
    enrolled_after: date
    year_until: date
    born_until: tuple[date, ...]
    after_person_id: UUID
    last_person_id: UUID
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLook:
    """What one look at a page made and found; no `until_person_id` where nobody is left."""

    until_person_id: UUID | None
    person_count: int
    not_owed_count: int
    unpriced_count: int
    unchanged_count: int
    made_count: int
    elsewhere_count: int
    met_bill_ids: list[UUID]
    replaced_bill_ids: list[UUID]
    voided_bill_ids: list[UUID]
    left_locked_bill_ids: list[UUID]
    changed_after_payment_bill_ids: list[UUID]
    unpriced_classes: list[dict[str, Any]]


def bills_by_id(region: RegionCode, bill_ids: Sequence[UUID]) -> list[BillRow]:
    """Bills by id."""
    with reading(region) as reader:
        return reader.rows(statements["list_bills_by_id"], BillRow, bill_ids=list(bill_ids))


def bills_of_persons(region: RegionCode, person_ids: Sequence[UUID], insured_year_from: int) -> list[BillRow]:
    """Live bills of persons."""
    with reading(region) as reader:
        return reader.rows(
            statements["list_bills_of_persons"],
            BillRow,
            person_ids=list(person_ids),
            insured_year_from=insured_year_from,
        )


def has_bill(region: RegionCode, person_id: UUID, insured_year_from: int) -> bool:
    """Whether a person has a live bill."""
    with reading(region) as reader:
        return bool(
            reader.tuples(statements["find_live_bill"], person_id=person_id, insured_year_from=insured_year_from)
        )


def bills_of_orders(region: RegionCode, order_ids: Sequence[UUID]) -> list[BillRow]:
    """Bills that orders hold or have paid."""
    with reading(region) as reader:
        return reader.rows(statements["list_bills_of_orders"], BillRow, order_ids=list(order_ids))


def moves_of_order(region: RegionCode, bill_ids: Sequence[UUID], order_id: UUID) -> list[BillMoved]:
    """The moves that bills made for an order."""
    with reading(region) as reader:
        return reader.rows(statements["list_moves_of_order"], BillMoved, bill_ids=list(bill_ids), order_id=order_id)


def lock(tx: Tx, bill_ids: Sequence[UUID], *, order_id: UUID, locked_until: Instant, now: Instant) -> list[LockStatus]:
    """Judge, then lock what can be locked."""
    sources = BILL.sources("lock")
    wanted = list(bill_ids)
    judged = tx.scalars(statements["judge_locks"], bill_ids=wanted, order_id=order_id, sources=sources)
    statuses = [LockStatus(status) for status in judged]
    locked = [bill_id for bill_id, status in zip(wanted, statuses, strict=True) if status is LockStatus.LOCKED]
    move(tx, "lock", locked, order_id=order_id, locked_until=locked_until, happened_at=now, now=now)
    return statuses


def free(tx: Tx, order_ids: Sequence[UUID], *, now: Instant) -> int:
    """Free what the orders have locked."""
    held = tx.scalars(statements["hold_bills_of_orders"], order_ids=list(order_ids), sources=BILL.sources("free"))
    move(tx, "free", held, order_id=None, locked_until=None, happened_at=now, now=now)
    return len(held)


def mark_paid(tx: Tx, orders: Sequence[OrderBills], *, now: Instant) -> list[PaidStatus]:
    """Judge each order, then pay the bills of those that can be paid."""
    pairs = [(position, order.order_id, bill_id) for position, order in enumerate(orders) for bill_id in order.bill_ids]
    judged = tx.tuples(
        statements["judge_payments"],
        positions=[position for position, _, _ in pairs],
        order_ids=[order_id for _, order_id, _ in pairs],
        bill_ids=[bill_id for _, _, bill_id in pairs],
        sources=BILL.sources("pay"),
        target=BILL.target("pay"),
    )
    found = {position: PaidStatus(status) for position, status in judged}
    # An order without bills is in no pair: there is nothing that it could pay.
    statuses = [found.get(position, PaidStatus.NOT_PAYABLE) for position in range(len(orders))]
    paid_at = {
        bill_id: orders[position].paid_at for position, _, bill_id in pairs if statuses[position] is PaidStatus.PAID
    }
    paid = sorted(paid_at)
    if paid:
        paid_ats = [paid_at[bill_id] for bill_id in paid]
        _record(tx, "pay", paid, order_id=None, happened_ats=paid_ats, now=now)
        moved = tx.run(
            statements["pay_bills"],
            bill_ids=paid,
            paid_ats=paid_ats,
            sources=BILL.sources("pay"),
            target=BILL.target("pay"),
        )
        assert moved == len(paid), "bills that were judged payable and held were paid"
    return statuses


def cancel(tx: Tx, event: str, bill_ids: Sequence[UUID], reversal_key: bytes, *, on: date, now: Instant) -> int:
    """Cancel bills that are still due by negative records; answers how many were."""
    if not bill_ids:
        return 0
    sources = BILL.sources(event)
    held = tx.scalars(statements["hold_due_bills"], bill_ids=list(bill_ids), sources=sources)
    if held:
        move(tx, event, held, order_id=None, locked_until=None, happened_at=now, now=now)
        tx.run(statements["insert_reversals"], bill_ids=held, reversal_key=reversal_key, assessed_on=on, now=now)
    return len(held)


def reversal_key(scheme_code: str, due_from: int, due_until: int) -> bytes:
    """The key of negative records of a scheme and due period."""
    return bill_key(BillKind.REVERSAL, scheme_code, due_from, due_until)


def insert_prices(
    tx: Tx, policy_version_id: UUID, prices: Sequence[tuple[PersonClass, Price]], *, now: Instant
) -> None:
    """Keep prices of classes, in the order of ids: two workers that meet the same classes write them alike."""
    prices = sorted(prices, key=lambda priced: _price_id(policy_version_id, priced[0]))
    tx.run(
        statements["insert_prices"],
        policy_version_id=policy_version_id,
        ids=[_price_id(policy_version_id, person) for person, _ in prices],
        category_codes=[person.category_code for person, _ in prices],
        age_bands=[person.age_band for person, _ in prices],
        identity_codes=[json.dumps(person.identity_codes) for person, _ in prices],
        tiers=[person.tier or "" for person, _ in prices],
        totals_fen=[price.total_fen for _, price in prices],
        governments_fen=[price.government_fen for _, price in prices],
        assistances_fen=[price.assistance_fen for _, price in prices],
        personals_fen=[price.personal_fen for _, price in prices],
        applied_identities=[price.applied_identity or "" for _, price in prices],
        finals=[price.is_final for _, price in prices],
        steps=[json.dumps([step_document(step) for step in price.steps], ensure_ascii=False) for _, price in prices],
        now=now,
    )


def enrolled_count(region: RegionCode, scheme_code: str) -> int:
    """How many enrolments a scheme has."""
    with reading(region) as reader:
        return int(reader.scalars(statements["count_enrolled"], scheme_code=scheme_code)[0])


def left_count(region: RegionCode, assessment_id: UUID, scheme_code: str) -> int:
    """How many enrolments a run has still to look at."""
    with reading(region) as reader:
        found = reader.scalars(statements["count_left"], assessment_id=assessment_id, scheme_code=scheme_code)
        return int(found[0])


def begin_run(
    tx: Tx,
    *,
    assessment_id: UUID,
    scheme_code: str,
    insured_year: int,
    assessed_on: date,
    policy_version_id: UUID,
    lanes: Sequence[LaneBounds],
    counts: dict[str, int],
    now: Instant,
) -> None:
    """Begin a run unless one is running."""
    begun = tx.run(
        statements["insert_assessment"],
        assessment_id=assessment_id,
        scheme_code=scheme_code,
        insured_year=insured_year,
        assessed_on=assessed_on,
        policy_version_id=policy_version_id,
        state=str(AssessmentState.RUNNING),
        now=now,
    )
    if begun:
        tx.run(
            statements["insert_lanes"],
            assessment_id=assessment_id,
            after_person_ids=[lane.after_person_id for lane in lanes],
            last_person_ids=[lane.last_person_id for lane in lanes],
            counts=json.dumps(counts),
        )


def hold_run(tx: Tx, scheme_code: str, insured_year: int) -> Run | None:
    """The running assessment of a scheme and year, held until the transaction ends."""
    return tx.one(statements["hold_running_assessment"], Run, scheme_code=scheme_code, insured_year=insured_year)


def share_run(tx: Tx, assessment_id: UUID) -> bool:
    """Keep a run from ending until the transaction does; False where it does not run any more."""
    return bool(tx.scalars(statements["share_running_assessment"], assessment_id=assessment_id))


def hold_lane(tx: Tx, assessment_id: UUID) -> Lane | None:
    """A lane of a run that is not done, held; where all of them are held, the first to be let go. None: all are done.

    Whoever waits holds nothing that another worker could be waiting for.
    """
    free = tx.one(statements["hold_free_lane"], Lane, assessment_id=assessment_id)
    return free or tx.one(statements["wait_for_lane"], Lane, assessment_id=assessment_id)


def advance_lane(
    tx: Tx, assessment_id: UUID, lane: Lane, *, after_person_id: UUID | None, counts: dict[str, int]
) -> None:
    """Move a held lane's cursor; with no person to move it to, the lane is done."""
    tx.run(
        statements["advance_lane"],
        assessment_id=assessment_id,
        lane_no=lane.lane_no,
        after_person_id=after_person_id,
        counts=json.dumps(counts),
        is_done=after_person_id is None,
    )


def end_run(tx: Tx, assessment_id: UUID, event: str, *, now: Instant) -> None:
    """Finish or supersede a run."""
    tx.run(
        statements["end_assessment"],
        assessment_id=assessment_id,
        state=ASSESSMENT.target(event),
        sources=ASSESSMENT.sources(event),
        finished_at=now,
    )


def lanes_left(tx: Tx, assessment_id: UUID) -> int:
    """How many lanes of a run are not done, as far as this transaction sees."""
    return sum(not is_done for is_done, _ in tx.tuples(statements["list_lanes"], assessment_id=assessment_id))


def run_counts(region: RegionCode, assessment_id: UUID) -> list[dict[str, int]]:
    """What each lane of a run has counted so far."""
    with reading(region) as reader:
        return [counts for _, counts in reader.tuples(statements["list_lanes"], assessment_id=assessment_id)]


def steer_to_indexes(tx: Tx) -> None:
    """Have this transaction read pages of persons through indexes."""
    tx.scalars(statements["steer_to_indexes"])


def look_at_page(tx: Tx, asked: PageQuestion, *, now: Instant) -> PageLook:
    """Make what can be made of a page and say what was found; the moves of bills met at once are written too."""
    looked = tx.one(
        statements["assess_page"],
        PageLook,
        scheme_code=asked.scheme_code,
        insured_year=asked.insured_year,
        due_from=asked.due_from,
        due_until=asked.due_until,
        policy_version_id=asked.policy_version_id,
        assessed_on=asked.assessed_on,
        enrolled_after=asked.enrolled_after,
        year_until=asked.year_until,
        born_until=list(asked.born_until),
        after_person_id=asked.after_person_id,
        last_person_id=asked.last_person_id,
        limit=asked.limit,
        bill_key=bill_key(BillKind.NORMAL, asked.scheme_code, asked.due_from, asked.due_until),
        now=now,
    )
    assert looked is not None, "a count answers with one row"
    if looked.met_bill_ids:
        tx.run(
            statements["record_births_met"],
            bill_ids=looked.met_bill_ids,
            event="meet",
            state_from=BILL.sources("meet")[0],
            now=now,
        )
    return looked


def _price_id(policy_version_id: UUID, person: PersonClass) -> UUID:
    return derived_id(
        "billing.price",
        str(policy_version_id),
        person.category_code,
        person.age_band,
        ",".join(person.identity_codes),
        person.tier or "",
    )


def _record(
    tx: Tx,
    event: str,
    bill_ids: Sequence[UUID],
    *,
    order_id: UUID | None,
    happened_ats: Sequence[Instant],
    now: Instant,
) -> None:
    recorded = tx.run(
        statements["record_moves"],
        bill_ids=list(bill_ids),
        event=event,
        sources=BILL.sources(event),
        target=BILL.target(event),
        order_id=order_id,
        happened_ats=list(happened_ats),
        now=now,
    )
    assert recorded == len(bill_ids), "every held bill left its move"


def move(
    tx: Tx,
    event: str,
    bill_ids: Sequence[UUID],
    *,
    order_id: UUID | None,
    locked_until: Instant | None,
    happened_at: Instant,
    now: Instant,
) -> None:
    """Write the moves of held bills, then move them out of every hold; nothing where there are none."""
    if not bill_ids:
        return
    _record(tx, event, bill_ids, order_id=order_id, happened_ats=[happened_at] * len(bill_ids), now=now)
    moved = tx.run(
        statements["move_bills"],
        bill_ids=list(bill_ids),
        sources=BILL.sources(event),
        target=BILL.target(event),
        order_id=order_id,
        locked_until=locked_until,
    )
    assert moved == len(bill_ids), "every held bill was moved"
