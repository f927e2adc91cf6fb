"""The simulator finds what a tired programmer breaks: each planted bug within two hundred seeds, and not without it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from simulation.plan import draw_history
from simulation.runs import Simulator, report
from simulation.steps import Act
from tests.simulation.conftest import Simulators
from tests.simulation.planted import BUGS, FOUND_BY, OFFICE_BUGS, write_no_cover

SEEDS_MOST = 200


Bug = Callable[[], AbstractContextManager[object]]
Sound = dict[tuple[Simulator, int], bool]


@pytest.fixture(scope="module")
def sound() -> Sound:
    """Which seeds of which simulator hold every rule while no bug is planted: many bugs are found by the same seed."""
    return {}


def find(bug: Bug, simulator: Simulator, sound: Sound) -> None:
    """A seed breaks a rule where the bug is planted, and none without it.

    The seed that found it last is played first: while it still does, the ones before it need not be played again.
    """
    last = FOUND_BY.get(bug, 1)
    for seed in (last, *(other for other in range(1, SEEDS_MOST + 1) if other != last)):
        with bug():
            played = simulator.run(seed)
        if played.broken:
            break
    else:
        pytest.fail(f"not found within {SEEDS_MOST} seeds")
    if (simulator, seed) not in sound:
        sound[simulator, seed] = simulator.run(seed).broken == ()
    assert sound[simulator, seed], "without the bug the same seed is sound"


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(simulator_of: Simulators, sound: Sound, bug: Bug) -> None:
    find(bug, simulator_of(days=1, payers=5), sound)


@pytest.mark.slow
@pytest.mark.parametrize("bug", OFFICE_BUGS, ids=lambda bug: bug.__name__)
def test_a_bug_planted_in_the_office_is_found(simulator_of: Simulators, sound: Sound, bug: Bug) -> None:
    find(bug, simulator_of(days=2, payers=3), sound)


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
