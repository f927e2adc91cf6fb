"""What does not fit stands before people once, changes with what the sides say, and goes away when it fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import DiscrepancyKind, Raised, RaiseStatus
from tests.owner import as_owner
from tests.world import at_once, stranger_id

REGION = RegionCode(360100)

ITEM = Raised(
    matter_id=stranger_id(1),
    kind=DiscrepancyKind.AMOUNT_DIFFERS,
    ours="400.00",
    theirs="399.00",
    amount_fen=Fen(100),
    channel_code="wechat",
    day_on=date(2024, 11, 15),
    order_no="360100PA",
    trade_ref="4200000001",
    statement_id=stranger_id(9),
    line_no=7,
)


def told(clock: FixedClock, *items: Raised) -> list[RaiseStatus]:
    """Tell of matters in a transaction of their own."""
    with region_tx(REGION) as tx:
        return reconciliation.raise_discrepancies(tx, items, now=clock.now())


def healed(clock: FixedClock, *numbers: int, cause: str = "agreed") -> int:
    """Say that matters are none any more."""
    with region_tx(REGION) as tx:
        return reconciliation.heal_discrepancies(
            tx, [stranger_id(number) for number in numbers], cause=cause, now=clock.now()
        )


def standing() -> list[tuple[object, ...]]:
    """Every discrepancy: its state, generation and both sides' words."""
    with as_owner() as session:
        return session.execute(
            "SELECT state, generation, ours, theirs, move_count FROM reconciliation_discrepancy "
            "ORDER BY opened_at, generation"
        ).fetchall()


def history() -> list[tuple[object, ...]]:
    """Every move of every discrepancy."""
    with as_owner() as session:
        return session.execute(
            "SELECT move_no, event, target, actor, cause FROM reconciliation_discrepancy_event ORDER BY move_no"
        ).fetchall()


@pytest.fixture
def resolved(db: None, clock: FixedClock) -> None:
    """The matter stands resolved, written as its owner would have left it."""
    told(clock, ITEM)
    with as_owner() as session:
        session.execute(
            "UPDATE reconciliation_discrepancy SET state = 'resolved', owner = 'Li', act = 'explained', reason = 'so', "
            "proposed_by = 'Li', limit_fen = 100, ended_at = opened_at"
        )


def test_matter_told_once_stands_with_its_number_and_history(db: None, clock: FixedClock) -> None:
    assert told(clock, ITEM) == [RaiseStatus.RAISED]
    assert standing() == [("open", 1, "400.00", "399.00", 1)]
    assert history() == [(1, "open", "open", "canbao", "amount_differs")]
    with as_owner() as session:
        row = session.execute(
            "SELECT id, case_no, amount_fen, statement_id, line_no, opened_at FROM reconciliation_discrepancy"
        ).fetchone()
    number = make_no(REGION, Kind.CASE, ITEM.matter_id)
    assert row == (ITEM.matter_id, number, 100, stranger_id(9), 7, clock.now())


def test_matter_told_again_is_one(db: None, clock: FixedClock) -> None:
    other = replace(ITEM, matter_id=stranger_id(2))
    assert told(clock, ITEM, ITEM) == [RaiseStatus.RAISED, RaiseStatus.RAISED]
    assert told(clock, other, ITEM) == [RaiseStatus.RAISED, RaiseStatus.EXISTS]
    assert len(standing()) == 2
    assert len(history()) == 2


def test_two_workers_that_tell_of_one_matter_make_one(db: None, clock: FixedClock) -> None:
    statuses = at_once(*[lambda: told(clock, ITEM)] * 4)
    assert sorted(str(found) for found in statuses) == sorted(
        str([RaiseStatus.RAISED if n == 0 else RaiseStatus.EXISTS]) for n in range(4)
    )
    assert len(standing()) == 1
    assert len(history()) == 1


def test_changed_words_are_taken_over(db: None, clock: FixedClock) -> None:
    told(clock, ITEM)
    assert told(clock, replace(ITEM, theirs="398.00")) == [RaiseStatus.RENEWED]
    assert standing() == [("open", 1, "400.00", "398.00", 2)]
    assert history()[1] == (2, "renew", "open", "canbao", "400.00 | 398.00")


def test_healed_matter_opens_again(db: None, clock: FixedClock) -> None:
    told(clock, ITEM)
    assert healed(clock, 1, 5, cause="settled") == 1
    assert healed(clock, 1) == 0
    assert standing()[0][0] == "healed"
    assert told(clock, ITEM) == [RaiseStatus.REOPENED]
    assert [(row[1], row[2], row[4]) for row in history()] == [
        ("open", "open", "amount_differs"), ("heal", "healed", "settled"), ("reopen", "open", "400.00 | 399.00"),
    ]  # fmt: skip
    assert standing() == [("open", 1, "400.00", "399.00", 3)]


def test_resolved_matter_stays_resolved_until_a_side_says_something_else(resolved: None, clock: FixedClock) -> None:
    assert told(clock, ITEM) == [RaiseStatus.RESOLVED]
    assert healed(clock, 1) == 0
    assert told(clock, replace(ITEM, theirs="1.00")) == [RaiseStatus.RAISED]
    assert [row[:4] for row in standing()] == [
        ("resolved", 1, "400.00", "399.00"), ("open", 2, "400.00", "1.00"),
    ]  # fmt: skip
    assert healed(clock, 1) == 1
    assert [row[0] for row in standing()] == ["resolved", "healed"]


def test_long_words_are_cut_and_not_taken_for_changed(db: None, clock: FixedClock) -> None:
    long = replace(ITEM, ours="x" * 500, order_no="9" * 70)
    assert told(clock, long) == [RaiseStatus.RAISED]
    assert told(clock, long) == [RaiseStatus.EXISTS]
    assert standing()[0][2] == "x" * 400


def test_nothing_told_changes_nothing(db: None, clock: FixedClock) -> None:
    assert told(clock) == []
    assert healed(clock) == 0
    assert standing() == []
