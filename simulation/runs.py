"""Runs: one seed from its drawing to its end, and for a broken one the shortest history that still breaks the rule."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulation.plan import Shape, draw_history
from simulation.play import Played, play
from simulation.shrink import shortest
from simulation.steps import Step
from simulation.town import Town, found_town

SHORTEN_S = 120.0
"""How long a shorter history is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a seed has found: the run that broke, and the shortest history that still breaks one of the same rules."""

    played: Played
    shape: Shape
    steps: tuple[Step, ...]
    whole_count: int


class Simulator:
    """Plays seeds of one shape in the database of this process. The environment is that of `world.of_one_seed`."""

    def __init__(self, shape: Shape, folder: Path) -> None:
        self.shape = shape
        self._folder = folder
        self._town: Town = found_town(folder, houses_count=shape.houses_count)

    def run(self, seed: int, *, only: Sequence[int] = ()) -> Played:
        """Play a seed; with `only`, no other steps of its history than these."""
        steps = draw_history(seed, self.shape)
        return self.play(seed, [step for step in steps if step.no in only] if only else steps)

    def play(self, seed: int, steps: Sequence[Step]) -> Played:
        """Play these steps of a seed's history."""
        return play(seed, steps, self.shape, town=self._town, folder=self._folder)

    def shorten(self, played: Played, steps: Sequence[Step], *, seconds: float = SHORTEN_S) -> Found:
        """Look for the shortest history that breaks one of the rules that a run broke, so long and no longer."""
        until = time.monotonic() + seconds
        happened = [step for step in steps if step.day < played.days]

        def is_still_broken(fewer: Sequence[Step]) -> bool:
            return bool(self.play(played.seed, fewer).rules & played.rules)

        kept = shortest(happened, is_still_broken, has_time=lambda: time.monotonic() < until)
        return Found(
            played=self.play(played.seed, kept) if len(kept) < len(steps) else played,
            shape=self.shape,
            steps=tuple(kept),
            whole_count=len(steps),
        )


def report(found: Found, *, faults: str) -> str:
    """A failure for people: the seed, the day, the rules, the shortest history, and how to play it again."""
    played, shape = found.played, found.shape
    again = f"canbao simulate --seed {played.seed} --days {shape.days} --payers {shape.payers} --faults {faults}"
    only = ",".join(str(step.no) for step in found.steps)
    return "\n".join(
        [
            f"Seed {played.seed} breaks {len(played.broken)} rule(s) on day {played.days}:",
            *(f"  {one.told()}" for one in played.broken),
            f"The shortest history found, {len(found.steps)} of {found.whole_count} steps:",
            *(f"  {step.told()}" for step in found.steps),
            f"The whole of it again:  {again}",
            f"The shortest of it:     {again} --only {only}",
        ]
    )
