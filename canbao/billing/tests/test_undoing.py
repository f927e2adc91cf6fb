"""Undoing paid bills: the judgement case by case, then on real rows with repeats, refusals and two workers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canbao.billing import checks
from canbao.billing import public as billing
from canbao.billing.public import Bill, BillState, BillUndoing, LockStatus, OrderBills, PaidStatus, UndoStatus
from canbao.billing.rules import BillKind, bill_id_of, bill_key
from canbao.billing.tests.conftest import Assess
from canbao.billing.tests.register import Enrolled, Register
from canbao.billing.undoing import HeldBill, RefundRecord, judge_undoings
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.rulebook.refund import BillAfter
from tests.owner import as_owner

OURS, THEIRS = (derived_id("test.order", number) for number in range(2))
FIRST, SECOND, THIRD = (derived_id("test.refund", number) for number in range(3))
NOBODYS = derived_id("test.bill", "nobody")
EXISTS, NOT_FOUND, NOT_PAID = UndoStatus.EXISTS, UndoStatus.NOT_FOUND, UndoStatus.NOT_PAID
AMOUNT_DIFFERS, UNDONE = UndoStatus.AMOUNT_DIFFERS, UndoStatus.UNDONE
DUE_AGAIN, VOID, REASSESSED = BillAfter.DUE_AGAIN, BillAfter.VOID, BillAfter.REASSESSED


def undoing(
    bill_id: UUID, after: BillAfter, amount: int = 40000, *, refund_id: UUID = FIRST, order_id: UUID = OURS
) -> BillUndoing:
    return BillUndoing(bill_id=bill_id, refund_id=refund_id, order_id=order_id, amount_fen=Fen(amount), after=after)


@pytest.mark.parametrize("state", list(BillState))
@pytest.mark.parametrize("after", [DUE_AGAIN, VOID, REASSESSED])
@pytest.mark.parametrize("order_id", [OURS, THEIRS, None])
def test_judgement_in_every_state_by_every_order_of_every_amount(
    state: BillState, after: BillAfter, order_id: UUID | None
) -> None:
    held = [HeldBill(bill_id=NOBODYS, state=state, order_id=order_id, personal_fen=40000)]
    earlier = [RefundRecord(bill_id=NOBODYS, refund_id=SECOND, amount_fen=10000)]
    for amount, repeated in product((0, 1, 29999, 30000, 30001, 40000), (False, True)):
        refund_id = SECOND if repeated else FIRST
        [status] = judge_undoings([undoing(NOBODYS, after, amount, refund_id=refund_id)], held, earlier)
        if repeated:
            assert status is EXISTS
        elif state is not BillState.PAID or order_id != OURS:
            assert status is NOT_PAID
        elif amount == 30000 or (after is REASSESSED and amount in (1, 29999)):
            assert status is UNDONE
        else:
            assert status is AMOUNT_DIFFERS


@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from([NOBODYS, THIRD]),
            st.sampled_from([DUE_AGAIN, VOID, REASSESSED]),
            st.sampled_from([0, 1, 10000, 20000, 30000, 40000, 40001]),
            st.sampled_from([FIRST, SECOND, THIRD]),
            st.sampled_from([OURS, THEIRS]),
        ),
        max_size=12,
    )
)
def test_no_sequence_of_refunds_takes_more_than_was_paid(
    asked: list[tuple[UUID, BillAfter, int, UUID, UUID]],
) -> None:
    held = [HeldBill(bill_id=NOBODYS, state=BillState.PAID, order_id=OURS, personal_fen=40000)]
    batch = [
        undoing(bill, after, amount, refund_id=refund, order_id=order) for bill, after, amount, refund, order in asked
    ]
    statuses = judge_undoings(batch, held, [])
    done = [one for one, status in zip(batch, statuses, strict=True) if status is UNDONE]
    assert sum(one.amount_fen for one in done) <= 40000
    assert len({one.refund_id for one in done}) == len(done)
    assert [one.is_whole for one in done[:-1]] == [False] * len(done[:-1])
    if done and done[-1].is_whole:
        assert sum(one.amount_fen for one in done) == 40000
    assert all(status is NOT_FOUND for one, status in zip(batch, statuses, strict=True) if one.bill_id == THIRD)
    # Told once more in one batch, or each in a batch of its own: the same.
    records = [RefundRecord(bill_id=one.bill_id, refund_id=one.refund_id, amount_fen=one.amount_fen) for one in done]
    again = judge_undoings(done, held, records)
    assert again == [EXISTS] * len(done)


def test_refund_that_leaves_the_bill_as_it_is_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="undoes no bill"):
        undoing(NOBODYS, BillAfter.UNCHANGED)


class Desk:
    """Paid bills, and what undoes them, a transaction each."""

    def __init__(self, region: RegionCode, clock: FixedClock) -> None:
        self.region = region
        self.clock = clock

    def pay(self, *bill_ids: UUID, order_id: UUID = OURS) -> None:
        now = self.clock.now()
        with region_tx(self.region) as tx:
            until = now + timedelta(minutes=15)
            locked = billing.lock(tx, bill_ids, order_id=order_id, locked_until=until, now=now)
            assert locked == [LockStatus.LOCKED] * len(bill_ids)
            order = OrderBills(order_id=order_id, bill_ids=tuple(bill_ids), paid_at=now)
            assert billing.mark_paid(tx, [order], now=now) == [PaidStatus.PAID]

    def undo(self, *undoings: BillUndoing) -> list[UndoStatus]:
        with region_tx(self.region) as tx:
            return billing.undo(tx, undoings, now=self.clock.now())

    def bill(self, bill_id: UUID) -> Bill:
        return billing.bill(self.region, bill_id)

    def live(self, bill_id: UUID) -> list[Bill]:
        return billing.bills_of(self.region, [self.bill(bill_id).person_id], self.clock.today())

    def records(self, bill_id: UUID) -> list[tuple[object, ...]]:
        with as_owner() as session:
            return session.execute(
                "SELECT kind, state, total_fen, government_fen, assistance_fen, personal_fen, refund_id, assessed_on "
                "FROM billing_bill WHERE reverses_id = %s ORDER BY personal_fen DESC",
                [bill_id],
            ).fetchall()

    def undoings(self) -> list[tuple[object, ...]]:
        with as_owner() as session:
            return session.execute(
                "SELECT bill_id, refund_id, order_id, is_whole, amount_fen, assistance_fen "
                "FROM billing_public_undoing ORDER BY amount_fen"
            ).fetchall()

    def rows(self) -> list[tuple[object, ...]]:
        with as_owner() as session:
            bills = session.execute("SELECT * FROM billing_bill ORDER BY id").fetchall()
            return bills + session.execute("SELECT * FROM billing_bill_history ORDER BY bill_id, move_no").fetchall()


@pytest.fixture
def desk(region: RegionCode, clock: FixedClock) -> Desk:
    return Desk(region, clock)


@pytest.fixture
def due(register: Register, assess: Assess, region: RegionCode, clock: FixedClock) -> Callable[[int], list[UUID]]:
    """Makes bills of 400 yuan that are due, and answers their ids."""

    def make(count: int) -> list[UUID]:
        ids = register.put(*(Enrolled(name=f"payer {number}") for number in range(count)))
        assess()
        by_person = {found.person_id: found.bill_id for found in billing.bills_of(region, ids, clock.today())}
        return [by_person[person_id] for person_id in ids]

    return make


Due = Callable[[int], list[UUID]]


def findings(region: RegionCode) -> list[str]:
    return [f"{finding.auditor} {finding.found}" for auditor in checks.AUDITORS for finding in auditor(region)]


def test_bill_due_again_is_another_bill_of_the_same_price_in_its_place(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    assert desk.undo(undoing(bill_id, DUE_AGAIN)) == [UNDONE]
    gone, [again] = desk.bill(bill_id), desk.live(bill_id)
    assert (gone.state, gone.paid_by, gone.paid_at) == (BillState.REVERSED, None, None)
    assert (again.state, again.total_fen, again.personal_fen) == (BillState.DUE, gone.total_fen, 40000)
    assert (again.policy_version_id, again.steps) == (gone.policy_version_id, gone.steps)
    assert (again.due_from, again.due_until, again.insured_year) == (202501, 202512, 2025)
    key = bill_key(BillKind.NORMAL, "390", 202501, 202512)
    assert (gone.bill_id, again.bill_id) == tuple(bill_id_of(gone.person_id, key, number) for number in (1, 2))
    on = desk.clock.today()
    assert desk.records(bill_id) == [("reversal", "reversed", -107000, -67000, 0, -40000, FIRST, on)]
    assert desk.undoings() == [(bill_id, FIRST, OURS, True, 40000, 0)]
    assert findings(desk.region) == []
    desk.pay(again.bill_id, order_id=THEIRS)
    assert findings(desk.region) == []


def test_void_bill_has_none_in_its_place(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    assert desk.undo(undoing(bill_id, VOID)) == [UNDONE]
    assert (desk.bill(bill_id).state, desk.live(bill_id)) == (BillState.VOIDED, [])
    with as_owner() as session:
        moves = session.execute(
            "SELECT move_no, event, state_from, state_to, order_id FROM billing_bill_history "
            "WHERE bill_id = %s ORDER BY move_no",
            [bill_id],
        ).fetchall()
    assert moves[-1] == (3, "annul", "paid", "voided", OURS)
    assert findings(desk.region) == []


def test_ids_of_negative_records_follow_from_their_keys(due: Due, desk: Desk) -> None:
    bill_id, lessened = due(2)
    desk.pay(bill_id, lessened)
    desk.undo(undoing(bill_id, VOID), undoing(lessened, REASSESSED, 1))
    with as_owner() as session:
        found = dict(session.execute("SELECT reverses_id, id FROM billing_bill WHERE refund_id IS NOT NULL").fetchall())
    whole = bill_key(BillKind.REVERSAL, "390", 202501, 202512)
    assert found[bill_id] == bill_id_of(desk.bill(bill_id).person_id, whole, 1)
    part = bill_key(BillKind.REFUND, "390", 202501, 202512) + f"{FIRST}|".encode()
    assert found[lessened] == bill_id_of(desk.bill(lessened).person_id, part, 1)


def test_difference_lessens_a_bill_that_stays_paid(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    before = desk.bill(bill_id)
    assert desk.undo(undoing(bill_id, REASSESSED, 36000)) == [UNDONE]
    assert desk.bill(bill_id) == before
    assert desk.records(bill_id) == [("refund", "reversed", -36000, 0, 0, -36000, FIRST, desk.clock.today())]
    assert desk.undoings() == [(bill_id, FIRST, OURS, False, 36000, 0)]
    assert findings(desk.region) == []


def test_several_differences_and_then_the_rest_come_to_zero(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    assert desk.undo(
        undoing(bill_id, REASSESSED, 10000),
        undoing(bill_id, REASSESSED, 30001, refund_id=SECOND),
        undoing(bill_id, REASSESSED, 5000, refund_id=SECOND),
        undoing(bill_id, VOID, 40000, refund_id=THIRD),
    ) == [UNDONE, AMOUNT_DIFFERS, UNDONE, AMOUNT_DIFFERS]
    assert findings(desk.region) == []
    assert desk.undo(undoing(bill_id, DUE_AGAIN, 25000, refund_id=THIRD)) == [UNDONE]
    told = billing.undone(desk.region, [bill_id, NOBODYS])
    assert {(found.refund_id, found.order_id, found.is_whole, found.amount_fen) for found in told} == {
        (FIRST, OURS, False, 10000),
        (SECOND, OURS, False, 5000),
        (THIRD, OURS, True, 25000),
    }
    records = [(row[0], row[2], row[5], row[6]) for row in desk.records(bill_id)]
    assert records == [
        ("refund", -5000, -5000, SECOND),
        ("refund", -10000, -10000, FIRST),
        ("reversal", -92000, -25000, THIRD),
    ]
    assert [found.personal_fen for found in desk.live(bill_id)] == [40000]
    assert findings(desk.region) == []


def test_differences_and_the_rest_may_come_in_one_batch(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    batch = [undoing(bill_id, REASSESSED, 10000), undoing(bill_id, VOID, 30000, refund_id=SECOND)]
    assert desk.undo(*batch) == [UNDONE, UNDONE]
    assert desk.undo(*batch) == [EXISTS, EXISTS]
    assert findings(desk.region) == []


def test_every_status_in_one_batch_in_order(due: Due, desk: Desk) -> None:
    paid, other, unpaid, lessened = due(4)
    desk.pay(paid, lessened)
    desk.pay(other, order_id=THEIRS)
    reversal_of_another = undoing(paid, VOID, refund_id=SECOND)
    assert desk.undo(
        undoing(paid, VOID, 39999),
        undoing(paid, VOID),
        undoing(paid, VOID),
        reversal_of_another,
        undoing(NOBODYS, VOID),
        undoing(other, VOID),
        undoing(unpaid, VOID),
        undoing(lessened, REASSESSED, 0),
        undoing(lessened, REASSESSED, 40000),
        undoing(lessened, REASSESSED, 40000),
        undoing(lessened, REASSESSED, 1, refund_id=SECOND),
    ) == [
        AMOUNT_DIFFERS,
        UNDONE,
        EXISTS,
        NOT_PAID,
        NOT_FOUND,
        NOT_PAID,
        NOT_PAID,
        AMOUNT_DIFFERS,
        UNDONE,
        EXISTS,
        AMOUNT_DIFFERS,
    ]
    states = [desk.bill(bill_id).state for bill_id in (paid, other, unpaid, lessened)]
    assert states == ["voided", "paid", "due", "paid"]
    assert findings(desk.region) == []


def test_undoing_again_and_refusals_change_nothing(due: Due, desk: Desk) -> None:
    first, second, unpaid = due(3)
    desk.pay(first, second)
    done = [undoing(first, DUE_AGAIN), undoing(second, REASSESSED, 100)]
    assert desk.undo(*done) == [UNDONE, UNDONE]
    before = desk.rows()
    assert desk.undo(*done) == [EXISTS, EXISTS]
    [record] = [row for row in desk.rows() if FIRST in row and first in row]
    refused = [
        undoing(first, DUE_AGAIN, refund_id=SECOND),
        undoing(second, VOID, refund_id=SECOND),
        undoing(second, VOID, 39900, refund_id=SECOND, order_id=THEIRS),
        undoing(unpaid, VOID),
        undoing(record[1], VOID),  # type: ignore[arg-type]  # the second column of a bill is its id
        undoing(NOBODYS, VOID),
    ]
    assert desk.undo(*refused) == [NOT_PAID, AMOUNT_DIFFERS, NOT_PAID, NOT_PAID, NOT_FOUND, NOT_FOUND]
    assert desk.undo() == []
    assert desk.rows() == before


def test_bill_of_another_region_is_not_found(due: Due, desk: Desk, other_region: RegionCode) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    before = desk.rows()
    with region_tx(other_region) as tx:
        assert billing.undo(tx, [undoing(bill_id, VOID)], now=desk.clock.now()) == [NOT_FOUND]
    assert desk.rows() == before


def test_bills_stand_with_what_refunds_have_left_of_their_orders_payment(due: Due, desk: Desk) -> None:
    first, second, unpaid = due(3)
    desk.pay(first, second)

    def stand(*bill_ids: UUID, order_id: UUID = OURS) -> dict[UUID, Fen]:
        with region_tx(desk.region) as tx:
            return billing.hold_standing(tx, bill_ids, order_id=order_id)

    assert stand(first, second, first) == {first: 40_000, second: 40_000}
    assert stand(first, order_id=THEIRS) == {}
    assert stand(first, unpaid) == {first: 40_000}
    assert stand(first, NOBODYS) == {first: 40_000}
    desk.undo(undoing(first, REASSESSED, 1))
    desk.undo(undoing(first, REASSESSED, 9, refund_id=SECOND))
    assert stand(first, second) == {first: 39_990, second: 40_000}
    desk.undo(undoing(second, DUE_AGAIN))
    assert stand(first, second) == {first: 39_990}
    desk.undo(undoing(first, REASSESSED, 39_990, refund_id=THIRD))
    assert stand(first, second) == {first: 0}


def test_bill_that_is_shared_is_undone_only_afterwards(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    told: list[list[UndoStatus]] = []
    other = threading.Thread(target=lambda: told.append(desk.undo(undoing(bill_id, VOID))))
    with region_tx(desk.region) as tx:
        assert billing.hold_standing(tx, [bill_id], order_id=OURS) == {bill_id: 40_000}
        other.start()
        other.join(timeout=0.3)
        assert (other.is_alive(), told) == (True, [])
    other.join(timeout=20)
    assert told == [[UNDONE]]


def test_bill_with_assistance_gives_it_back_with_the_rest(
    register: Register, assess: Assess, desk: Desk, region: RegionCode, clock: FixedClock
) -> None:
    ids = register.put(Enrolled(name="assisted", identity_codes=("minimum_living",)))
    assess()
    [bill] = billing.bills_of(region, ids, clock.today())
    assert bill.assistance_fen > 0 < bill.personal_fen
    desk.pay(bill.bill_id)
    assert desk.undo(undoing(bill.bill_id, VOID, bill.personal_fen)) == [UNDONE]
    assert desk.undoings() == [(bill.bill_id, FIRST, OURS, True, bill.personal_fen, bill.assistance_fen)]
    assert findings(region) == []


def test_next_assessment_takes_the_renewed_bill_for_its_own(due: Due, desk: Desk, assess: Assess) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    desk.undo(undoing(bill_id, DUE_AGAIN))
    [again] = desk.live(bill_id)
    assess()
    assert desk.live(bill_id) == [again]
    assert findings(desk.region) == []


def test_assessment_makes_a_void_bill_anew_only_while_the_register_says_that_it_is_owed(
    due: Due, desk: Desk, assess: Assess, register: Register
) -> None:
    gone, there = due(2)
    desk.pay(gone, there)
    desk.undo(undoing(gone, VOID), undoing(there, VOID))
    register.change(desk.bill(gone).person_id, column="died_on", value=date(2024, 11, 1))
    assess()
    assert desk.live(gone) == []
    [again] = desk.live(there)
    key = bill_key(BillKind.NORMAL, "390", 202501, 202512)
    assert (again.state, again.bill_id) == (BillState.DUE, bill_id_of(again.person_id, key, 2))
    assert findings(desk.region) == []


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


def test_same_refund_twice_at_once_undoes_once(due: Due, desk: Desk) -> None:
    bill_ids = due(6)
    desk.pay(*bill_ids)
    batch = [undoing(bill_id, DUE_AGAIN) for bill_id in bill_ids]
    results = at_once([lambda: desk.undo(*batch), lambda: desk.undo(*reversed(batch))])
    assert sorted(map(repr, results)) == sorted(map(repr, [[UNDONE] * 6, [EXISTS] * 6]))
    assert [len(desk.records(bill_id)) for bill_id in bill_ids] == [1] * 6
    assert findings(desk.region) == []


def test_two_refunds_at_once_never_take_more_than_was_paid(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    results = at_once(
        [
            lambda: desk.undo(undoing(bill_id, REASSESSED, 30000)),
            lambda: desk.undo(undoing(bill_id, REASSESSED, 20000, refund_id=SECOND)),
        ]
    )
    assert sorted(map(repr, results)) == sorted(map(repr, [[UNDONE], [AMOUNT_DIFFERS]]))
    assert findings(desk.region) == []


TAMPERED: list[tuple[str, str, str]] = [
    ("cancellations_sum_to_zero", "DELETE FROM billing_bill WHERE kind = 'reversal'", "reversed 107000 and no record"),
    (
        "cancellations_sum_to_zero",
        "DELETE FROM billing_bill WHERE kind = 'refund' AND personal_fen = -10000",
        "reversed 107000 and -97000",
    ),
    (
        "refunds_are_of_paid_bills",
        "UPDATE billing_bill SET total_fen = -40001, personal_fen = -40001 WHERE personal_fen = -36000",
        "paid 40000 lessened by 40001",
    ),
    (
        "refunds_are_of_paid_bills",
        "DELETE FROM billing_bill_history AS move USING billing_bill AS part WHERE move.event = 'pay' "
        "AND part.personal_fen = -36000 AND move.bill_id = part.reverses_id",
        "paid 40000 lessened by 36000",
    ),
]


@pytest.mark.parametrize("auditor, statement, found", TAMPERED)
def test_what_was_tampered_with_is_found(due: Due, desk: Desk, auditor: str, statement: str, found: str) -> None:
    whole, lessened = due(2)
    desk.pay(whole, lessened)
    desk.undo(
        undoing(whole, REASSESSED, 10000),
        undoing(whole, DUE_AGAIN, 30000, refund_id=SECOND),
        undoing(lessened, REASSESSED, 36000),
    )
    assert findings(desk.region) == []
    with as_owner() as session:
        session.execute(statement)
    assert f"billing.{auditor} {found}" in findings(desk.region)


def test_database_refuses_a_negative_record_that_is_none(due: Due, desk: Desk) -> None:
    [bill_id] = due(1)
    desk.pay(bill_id)
    desk.undo(undoing(bill_id, REASSESSED, 100))
    before = desk.rows()
    for change in (
        "SET total_fen = 0, personal_fen = 0",
        "SET refund_id = NULL",
        "SET reverses_id = NULL",
        "SET state = 'due'",
        "SET assistance_fen = -100, personal_fen = 0",
    ):
        with as_owner() as session, pytest.raises(Exception, match="billing_bill_"):
            session.execute(f"UPDATE billing_bill {change} WHERE kind = 'refund'")
    assert desk.rows() == before
    assert desk.clock.today() == date(2024, 11, 15)
