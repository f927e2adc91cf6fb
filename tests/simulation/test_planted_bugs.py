"""The simulator finds what a tired programmer breaks: each planted bug within two hundred seeds, and not without it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from simulation.plan import draw_history
from simulation.runs import report
from simulation.steps import Act
from tests.simulation.conftest import Simulators
from tests.simulation.planted import BUGS, write_no_cover

SEEDS_MOST = 200


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(simulator_of: Simulators, bug: Callable[[], AbstractContextManager[object]]) -> None:
    simulator = simulator_of(days=1, payers=5)
    for seed in range(1, SEEDS_MOST + 1):
        with bug():
            played = simulator.run(seed)
        if played.broken:
            break
    else:
        pytest.fail(f"not found within {SEEDS_MOST} seeds")
    assert simulator.run(seed).broken == (), "without the bug the same seed is sound"


@pytest.mark.slow
def test_a_failure_names_its_seed_its_day_and_a_short_history_that_plays_again(simulator_of: Simulators) -> None:
    simulator = simulator_of(days=1, payers=2, faults="none")
    with write_no_cover():
        seed = next(seed for seed in range(1, SEEDS_MOST) if simulator.run(seed).broken)
        history = draw_history(seed, simulator.shape)
        found = simulator.shorten(simulator.run(seed), history, seconds=60)
        assert [step.act for step in found.steps] == [Act.OPEN, Act.PAY]
        assert found.whole_count == len(history) > 5
        numbers = [step.no for step in found.steps]
        again = simulator.run(seed, only=numbers)
        assert again.broken == found.played.broken
        assert again.trace == found.played.trace
    told = report(found, faults="none")
    assert told.startswith(f"Seed {seed} breaks {len(again.broken)} rule(s) on day {again.days}:\n")
    assert all(step.told() in told for step in found.steps)
    assert told.endswith(
        f"canbao simulate --seed {seed} --days 1 --payers 2 --faults none --only {','.join(map(str, numbers))}"
    )
    assert simulator.run(seed, only=numbers).broken == ()
