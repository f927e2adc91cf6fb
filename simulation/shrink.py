"""The shortest history that still breaks a rule: steps are left out, block by block, as long as the rule stays broken.

Delta debugging (Zeller and Hildebrandt, 2002), as far as time allows. What is left over is the history of the same
seed with the other steps missing, so it can be played again by the numbers of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulation.steps import Step

StillBroken = Callable[[Sequence[Step]], bool]


def shortest(steps: Sequence[Step], is_still_broken: StillBroken, *, has_time: Callable[[], bool]) -> list[Step]:
    """Leave out what can be left out. `steps` break the rule; so does the answer. Stops when there is no time left."""
    kept, blocks = list(steps), 2
    while len(kept) > 1 and has_time():
        size = -(-len(kept) // blocks)
        for start in range(0, len(kept), size):
            fewer = kept[:start] + kept[start + size :]
            if fewer and has_time() and is_still_broken(fewer):
                kept, blocks = fewer, max(blocks - 1, 2)
                break
        else:
            if size == 1:
                break
            blocks = min(2 * blocks, len(kept))
    return kept
