"""Play a history: step after step, day after day, and look at the books every night.

The same seed and the same steps give the same trace, word for word. After the last day the channel is mended, everybody
is back at work, and so much time passes that nothing may be left open; then both books must be equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from canbao.kernel.clock import civil_date
from simulation.acts import take
from simulation.books import Broken, broken_rules, rules_broken_in_passing
from simulation.channel import BEGINNING
from simulation.closing import finish_a_day
from simulation.plan import Shape
from simulation.steps import Step
from simulation.town import Town
from simulation.world import World, world_of

DAY = timedelta(days=1)
COMPARED_AT, FINISHED_AT = timedelta(hours=11), timedelta(hours=15)
AFTERWARDS_DAYS = 3
"""How long it takes until every order that ended was looked at twice, and every refund asked about once more."""

LOOKED_BACK_DAYS = 4
"""Among how many of the last days one is chosen to be closed whole."""

PACES_S = (30, 120, 300, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a run: how far it got, what was broken, and the trace."""

    seed: int
    days: int
    broken: tuple[Broken, ...]
    trace: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The trace in sixteen characters: equal for equal runs."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]

    @property
    def rules(self) -> frozenset[str]:
        """The names of the rules that were broken."""
        return frozenset(one.rule for one in self.broken)


def play(seed: int, steps: Sequence[Step], shape: Shape, *, town: Town, folder: Path) -> Played:
    """Play steps of a seed's history, until the first night on which a rule is broken or to the end."""
    by_day = {day: list(of_day) for day, of_day in groupby(steps, key=lambda step: step.day)}
    with world_of(seed, town, folder) as world:
        broken: list[Broken] = []
        day = 0
        while day < shape.days and not broken:
            broken = _day(world, seed, day, by_day.get(day, [])) or broken_rules(world)
            _tell_of_the_books(world)
            day += 1
        if not broken:
            _afterwards(world, seed, shape.days)
            broken = broken_rules(world, is_end=True)
            _tell_of_the_books(world)
            day += AFTERWARDS_DAYS
        return Played(seed=seed, days=day, broken=tuple(broken), trace=tuple(world.trace))


def _day(world: World, seed: int, day: int, steps: Sequence[Step]) -> list[Broken]:
    """One day; the tables are looked at after every step, and the day ends where they are wrong."""
    begins_at = BEGINNING + day * DAY
    world.pace = timedelta(seconds=PACES_S[(seed + day) % len(PACES_S)])
    for step in steps:
        world.pass_until(begins_at + timedelta(seconds=step.at_s))
        take(world, step)
        broken = rules_broken_in_passing(world)
        if broken:
            return broken
    world.pass_until(begins_at + DAY)
    world.deliver()
    world.work()
    world.end_day()
    return []


def _afterwards(world: World, seed: int, day: int) -> None:
    world.gateway.faults.clear()
    world.pace = timedelta(hours=1)
    for later in (0, AFTERWARDS_DAYS - 1):
        world.pass_until(BEGINNING + (day + later) * DAY + COMPARED_AT)
        world.note(f"compared: {world.compare()}")
        world.troubles += world.left_out()
        world.pass_until(BEGINNING + (day + later) * DAY + FINISHED_AT)
        # One of the last days each time: its paper is signed for good.
        day_on = civil_date(BEGINNING) + timedelta(days=max(0, day + later - 1 - seed % LOOKED_BACK_DAYS))
        world.note(f"finished: {finish_a_day(world, day_on)}")
    world.pass_until(BEGINNING + (day + AFTERWARDS_DAYS) * DAY)
    world.deliver()
    world.work()
    world.end_day()


def _tell_of_the_books(world: World) -> None:
    """The state of everything that matters, so that two traces are equal only where the books are."""
    for name in ("orders", "captures", "refunds", "cases", "differences", "discrepancies", "days", "bookings"):
        for row in world.asked(name):
            world.note(f"{name}: {' '.join(map(str, row))}")
