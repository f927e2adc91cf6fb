"""Locking, freeing and paying bills in batches: every status, in order, with repeats inside a batch and two workers at
once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from canbao.billing import public as billing
from canbao.billing.checks import AUDITORS
from canbao.billing.public import Bill, BillState, LockStatus, OrderBills, PaidStatus
from canbao.billing.tests.conftest import Assess
from canbao.billing.tests.register import Enrolled, Register
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from tests.owner import as_owner

OURS, THEIRS, THIRD = (derived_id("test.order", number) for number in range(3))
NOBODYS = derived_id("test.bill", "nobody")


class Desk:
    """Billing's writing functions, a transaction each."""

    def __init__(self, region: RegionCode, clock: FixedClock) -> None:
        self.region = region
        self.clock = clock

    def lock(self, order_id: UUID, *bill_ids: UUID) -> list[LockStatus]:
        now = self.clock.now()
        with region_tx(self.region) as tx:
            return billing.lock(tx, bill_ids, order_id=order_id, locked_until=now + timedelta(minutes=15), now=now)

    def free(self, *order_ids: UUID) -> int:
        with region_tx(self.region) as tx:
            return billing.free(tx, order_ids, now=self.clock.now())

    def mark_paid(self, *orders: tuple[UUID, tuple[UUID, ...]]) -> list[PaidStatus]:
        taken_at = self.clock.now() - timedelta(seconds=30)
        settled = [
            OrderBills(order_id=order_id, bill_ids=bill_ids, paid_at=taken_at - timedelta(seconds=place))
            for place, (order_id, bill_ids) in enumerate(orders)
        ]
        with region_tx(self.region) as tx:
            return billing.mark_paid(tx, settled, now=self.clock.now())

    def bill(self, bill_id: UUID) -> Bill:
        return billing.bill(self.region, bill_id)

    def moves(self, bill_id: UUID) -> list[tuple[object, ...]]:
        with as_owner() as session:
            return session.execute(
                "SELECT move_no, event, state_from, state_to, order_id FROM billing_bill_history "
                "WHERE bill_id = %s ORDER BY move_no",
                [bill_id],
            ).fetchall()

    def rows(self) -> list[tuple[object, ...]]:
        with as_owner() as session:
            return session.execute("SELECT * FROM billing_bill ORDER BY id").fetchall()


@pytest.fixture
def desk(region: RegionCode, clock: FixedClock) -> Desk:
    return Desk(region, clock)


@pytest.fixture
def due(register: Register, assess: Assess, region: RegionCode, clock: FixedClock) -> Callable[[int], list[UUID]]:
    """Makes bills that are due, and answers their ids."""

    def make(count: int) -> list[UUID]:
        ids = register.put(*(Enrolled(name=f"payer {number}") for number in range(count)))
        assess()
        by_person = {found.person_id: found.bill_id for found in billing.bills_of(region, ids, clock.today())}
        return [by_person[person_id] for person_id in ids]

    return make


Due = Callable[[int], list[UUID]]


def no_findings(region: RegionCode) -> bool:
    return not [finding for auditor in AUDITORS for finding in auditor(region)]


def test_every_lock_status_in_one_batch(
    register: Register, assess: Assess, desk: Desk, region: RegionCode, clock: FixedClock
) -> None:
    names = ("ours", "paid", "met", "theirs", "replaced", "elsewhere", "not final", "free")
    people = dict(
        zip(
            names,
            register.put(
                Enrolled(name="ours"),
                Enrolled(name="paid"),
                Enrolled(name="met", identity_codes=("destitute",)),
                Enrolled(name="theirs"),
                Enrolled(name="replaced"),
                Enrolled(name="elsewhere", elsewhere=True),
                Enrolled(name="not final", identity_codes=("preferential",)),
                Enrolled(name="free"),
            ),
            strict=True,
        )
    )
    assess()
    bills = {
        name: found.bill_id
        for name, person_id in people.items()
        for found in billing.bills_of(region, [person_id], clock.today())
    }
    register.grant(people["replaced"], ["minimum_living"])
    assess()
    desk.lock(OURS, bills["ours"])
    desk.lock(THEIRS, bills["theirs"])
    desk.lock(THIRD, bills["paid"])
    desk.mark_paid((THIRD, (bills["paid"],)))
    asked = [bills["ours"], NOBODYS, *(bills[name] for name in names[1:]), bills["free"], bills["paid"]]
    assert desk.lock(OURS, *asked) == [
        LockStatus.EXISTS,
        LockStatus.NOT_FOUND,
        LockStatus.ALREADY_PAID,
        LockStatus.MET_BY_SUBSIDY,
        LockStatus.LOCKED_BY_OTHER,
        LockStatus.VOIDED,
        LockStatus.REGISTERED_ELSEWHERE,
        LockStatus.AMOUNT_NOT_FINAL,
        LockStatus.LOCKED,
        LockStatus.EXISTS,
        LockStatus.ALREADY_PAID,
    ]
    found = desk.bill(bills["free"])
    assert (found.state, found.locked_by) == (BillState.LOCKED, OURS)
    assert found.locked_until == clock.now() + timedelta(minutes=15)
    assert desk.moves(bills["free"]) == [(1, "lock", "due", "locked", OURS)]
    assert desk.bill(bills["theirs"]).locked_by == THEIRS
    assert no_findings(region)


def test_bill_of_another_region_is_not_found(due: Due, desk: Desk, other_region: RegionCode, clock: FixedClock) -> None:
    (bill_id,) = due(1)
    before = desk.rows()
    assert Desk(other_region, clock).lock(OURS, bill_id) == [LockStatus.NOT_FOUND]
    assert desk.rows() == before


def test_freed_bill_is_due_again_and_its_moves_tell_the_order(due: Due, desk: Desk, region: RegionCode) -> None:
    first, second = due(2)
    desk.lock(OURS, first, second)
    desk.lock(THEIRS, first)
    assert desk.free(OURS, OURS, THEIRS) == 2
    assert desk.free(OURS) == 0
    found = desk.bill(first)
    assert (found.state, found.locked_by, found.locked_until) == (BillState.DUE, None, None)
    assert desk.moves(first) == [(1, "lock", "due", "locked", OURS), (2, "free", "locked", "due", OURS)]
    assert desk.lock(THEIRS, first) == [LockStatus.LOCKED]
    assert no_findings(region)


def test_paid_bill_is_not_freed(due: Due, desk: Desk) -> None:
    (bill_id,) = due(1)
    desk.lock(OURS, bill_id)
    desk.mark_paid((OURS, (bill_id,)))
    assert desk.free(OURS) == 0
    assert desk.bill(bill_id).state is BillState.PAID


def test_every_paid_status_in_one_batch(due: Due, desk: Desk, region: RegionCode, clock: FixedClock) -> None:
    first, second, third, fourth, fifth, sixth = due(6)
    desk.lock(OURS, first, second)
    desk.lock(THEIRS, third)
    desk.lock(THIRD, fifth)
    desk.mark_paid((THIRD, (fifth,)))
    without = derived_id("test.order", "without bills")
    never = derived_id("test.order", "never locked")
    assert desk.mark_paid(
        (THIRD, (fifth,)),
        (OURS, (first, second)),
        (OURS, (first, second)),
        (THEIRS, (third, fourth)),
        (without, ()),
        (never, (sixth,)),
        (never, (NOBODYS,)),
    ) == [
        PaidStatus.EXISTS,
        PaidStatus.PAID,
        PaidStatus.EXISTS,
        PaidStatus.NOT_PAYABLE,
        PaidStatus.NOT_PAYABLE,
        PaidStatus.NOT_PAYABLE,
        PaidStatus.NOT_PAYABLE,
    ]
    states = [desk.bill(bill_id).state for bill_id in (first, second, third, fourth, fifth, sixth)]
    assert states == ["paid", "paid", "locked", "due", "paid", "due"]
    found = desk.bill(first)
    assert (found.paid_by, found.paid_at) == (OURS, clock.now() - timedelta(seconds=31))
    assert (found.locked_by, found.locked_until) == (None, None)
    assert desk.moves(first) == [(1, "lock", "due", "locked", OURS), (2, "pay", "locked", "paid", OURS)]
    assert no_findings(region)


def test_bill_that_another_order_holds_is_not_paid_by_ours(due: Due, desk: Desk) -> None:
    (bill_id,) = due(1)
    desk.lock(THEIRS, bill_id)
    before = desk.rows()
    assert desk.mark_paid((OURS, (bill_id,))) == [PaidStatus.NOT_PAYABLE]
    assert desk.rows() == before


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Run all works at the same moment; answers their results in order."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(place: int) -> None:
        start.wait(timeout=20)
        results[place] = works[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_two_orders_for_one_bill_at_once_give_one_lock(due: Due, desk: Desk, region: RegionCode) -> None:
    bill_ids = due(6)
    for _ in range(10):
        ours, theirs = at_once([lambda: desk.lock(OURS, *bill_ids), lambda: desk.lock(THEIRS, *reversed(bill_ids))])
        all_of_one, none_of_other = [LockStatus.LOCKED] * 6, [LockStatus.LOCKED_BY_OTHER] * 6
        assert [ours, theirs] in ([all_of_one, none_of_other], [none_of_other, all_of_one])
        assert desk.free(OURS, THEIRS) == 6
    assert no_findings(region)


def test_same_settlement_twice_at_once_pays_once(due: Due, desk: Desk, region: RegionCode) -> None:
    bill_ids = tuple(due(4))
    desk.lock(OURS, *bill_ids[:2])
    desk.lock(THEIRS, *bill_ids[2:])
    one, two = at_once(
        [
            lambda: desk.mark_paid((OURS, bill_ids[:2]), (THEIRS, bill_ids[2:])),
            lambda: desk.mark_paid((THEIRS, bill_ids[2:]), (OURS, bill_ids[:2])),
        ]
    )
    paid, exists = [PaidStatus.PAID] * 2, [PaidStatus.EXISTS] * 2
    assert [one, two] in ([paid, exists], [exists, paid])
    assert [len(desk.moves(bill_id)) for bill_id in bill_ids] == [2, 2, 2, 2]
    assert no_findings(region)


def test_settlement_and_expiry_at_once_leave_paid_or_due(due: Due, desk: Desk, region: RegionCode) -> None:
    (bill_id,) = due(1)
    for _ in range(6):
        desk.lock(OURS, bill_id)
        paid, freed = at_once([lambda: desk.mark_paid((OURS, (bill_id,))), lambda: desk.free(OURS)])
        if paid == [PaidStatus.PAID]:
            assert freed == 0
            assert desk.bill(bill_id).state is BillState.PAID
            break
        assert (paid, freed) == ([PaidStatus.NOT_PAYABLE], 1)
        assert desk.bill(bill_id).state is BillState.DUE
    assert no_findings(region)


def test_bills_of_orders_and_of_persons(due: Due, desk: Desk, region: RegionCode, clock: FixedClock) -> None:
    first, second = due(2)
    desk.lock(OURS, first)
    assert [found.bill_id for found in billing.bills_of_orders(region, [OURS, THEIRS])] == [first]
    person_ids = [desk.bill(bill_id).person_id for bill_id in (first, second)]
    assert {found.bill_id for found in billing.bills_of(region, person_ids, clock.today())} == {first, second}
    assert billing.bills_of(region, person_ids, date(2026, 1, 1)) == []
    with pytest.raises(Exception, match=r"billing\.bill_not_found"):
        billing.bill(region, NOBODYS)
