"""A day without a statement stands before people however long ago it was left out, and until it is compared."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from canbao.channels.interface import Outcome
from canbao.journeys.reconcile_day import DAYS_BACK, alarm_missing, reconcile_day, reconcile_due
from tests.journeys.test_reconcile_day import DAY, compare, fetching, next_morning, row_of, settled
from tests.statements import write
from tests.world import World, rows


def standing() -> list[tuple[object, ...]]:
    """The days that stand before people, with their states."""
    return rows(
        "SELECT day_on, state FROM reconciliation_discrepancy WHERE kind = 'statement_missing' "
        "ORDER BY day_on, generation"
    )


def test_day_that_no_run_at_noon_told_of_is_told_of_by_the_next(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = row_of(world, settled(world))
    next_morning(world)
    compare(world, tmp_path, [line])
    fetching(monkeypatch, Outcome.WAITING, foreign_code="STATEMENT_CREATING")
    # Nobody was there on the next noon, nor on those after it.
    world.advance(hours=24 * (DAYS_BACK + 3))
    left_out = [DAY + timedelta(days=later) for later in range(1, DAYS_BACK + 4)]
    assert reconcile_due(world.region, clock=world.clock) == []
    for _ in range(2):
        assert alarm_missing(world.region, clock=world.clock) == DAYS_BACK + 3
        assert standing() == [(day_on, "open") for day_on in left_out]
    # The oldest is further back than the schedule asks: a person gives its file.
    file = write(tmp_path / "given.csv", [line.but(at=line.at + timedelta(days=1))])
    reconcile_day(world.region, "wechat", left_out[0], clock=world.clock, file=file)
    assert standing() == [(left_out[0], "healed"), *((day_on, "open") for day_on in left_out[1:])]
    assert alarm_missing(world.region, clock=world.clock) == DAYS_BACK + 2


def test_before_the_first_comparison_only_yesterday_is_missed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fetching(monkeypatch, Outcome.WAITING, foreign_code="STATEMENT_CREATING")
    next_morning(world)
    assert reconcile_due(world.region, clock=world.clock) == []
    assert alarm_missing(world.region, clock=world.clock) == 1
    assert standing() == [(DAY, "open")]
