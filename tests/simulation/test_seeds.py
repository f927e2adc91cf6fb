"""Whatever the seed, no rule is broken; the same seed plays the same days; and what shall happen does happen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from simulation.plan import Shape, draw_history, faults_of
from simulation.steps import Act
from tests.simulation.conftest import Simulators

SEEDS = int(os.environ.get("CANBAO_TEST_SEEDS", "20"))
"""How many seeds of ten days are played; a nightly run asks for more."""

TOGETHER = 2


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, TOGETHER))
def test_ten_days_break_no_rule(simulator_of: Simulators, first: int) -> None:
    simulator = simulator_of(days=10, payers=2)
    for seed in range(first, first + TOGETHER):
        played = simulator.run(seed)
        assert [one.told() for one in played.broken] == [], f"seed {seed} on day {played.days}"
        assert played.days == 13


def test_without_faults_nothing_goes_wrong_and_nothing_lies_before_a_person(simulator_of: Simulators) -> None:
    played = simulator_of(days=2, payers=4, faults="none").run(7)
    assert [one.told() for one in played.broken] == []
    kinds = {line.split()[-1] for line in played.trace if " cases: " in line}
    assert kinds <= {"late_capture", "second_capture", "bill_not_payable"}
    assert not [line for line in played.trace if "died" in line or "dies" in line]


def test_the_same_seed_plays_the_same_days_word_for_word(simulator_of: Simulators) -> None:
    simulator = simulator_of(days=2, payers=4)
    first, between, second = simulator.run(11), simulator.run(12), simulator.run(11)
    assert first.trace == second.trace
    assert first.digest == second.digest != between.digest


@pytest.mark.slow
def test_another_process_plays_the_same_days_by_command(simulator_of: Simulators) -> None:
    played = simulator_of(days=1, payers=2).run(5)
    command = [sys.executable, "-m", "canbao.site.cli.main", "simulate"]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    told = subprocess.run(
        [*command, "--seed", "5", "--days", "1", "--payers", "2"],
        capture_output=True,
        text=True,
        timeout=120,
        # Another order of every set of words.
        env={**environment, "PYTHONHASHSEED": "4711"},
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"Seed 5: 4 days, every rule held, trace {played.digest}; ")


def test_a_seed_draws_one_history_and_a_day_more_leaves_it_as_it_was() -> None:
    faults = faults_of("all")
    short = draw_history(3, Shape(days=2, payers=4, faults=faults))
    longer = draw_history(3, Shape(days=3, payers=4, faults=faults))
    assert short == longer[: len(short)]
    assert [step.no for step in longer] == list(range(1, len(longer) + 1))


def test_only_the_faults_that_are_asked_for_are_drawn() -> None:
    shape = Shape(days=5, payers=6, faults=faults_of("html_502,worker_dies"))
    steps = draw_history(1, shape)
    assert {step.fault for step in steps} == {"", "html_502"}
    assert any(step.die_at for step in steps)
    assert {step.meanwhile for step in steps} == {None}
    assert not {Act.LIE, Act.DEAF, Act.AWAY, Act.OPERATE} & {step.act for step in steps}


def test_a_fault_that_does_not_exist_is_named_and_all_that_exist_are_listed() -> None:
    with pytest.raises(ValueError, match=r"There is no fault sunspots; there are: .*worker_dies"):
        faults_of("lie,sunspots")


@pytest.mark.slow
def test_everything_that_shall_happen_happens(simulator_of: Simulators) -> None:
    simulator = simulator_of(days=3, payers=4)
    trace = [line for seed in range(31, 37) for line in simulator.run(seed).trace]
    acts = Counter(found.group(1) for line in trace if (found := re.search(r"#\d+ day \d \S+ (\w+)", line)))
    assert set(acts) == {str(act) for act in Act}
    words = " ".join(trace)
    for outcome in ("-> died", "the worker dies", "meanwhile", "had to wait", "billing.locked_by_open_order"):
        assert outcome in words, outcome
    captures = {line.split()[-2] for line in trace if " captures: " in line and " suspended " in line}
    assert captures >= {"amount_differs", "second_capture", "late_capture", "order_not_found"}
    for outcome in (
        "6000 of a million",
        "version 1 place 2",
        "reconciliation.day_has_discrepancies",
        "reconciliation.act_not_true",
        "-> resolved",
    ):
        assert outcome in words, outcome
    assert {line.split()[5] for line in trace if " bookings: " in line} == {"sent", "booked"}
    refunds = {word for line in trace if " refunds: " in line for word in line.split()}
    assert refunds >= {"succeeded", "by_hand", "asked", "checked", "rejected"}
