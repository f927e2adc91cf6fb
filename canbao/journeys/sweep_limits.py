"""Forget limits whose window is over."""

from __future__ import annotations

from datetime import timedelta

from canbao.kernel import throttle
from canbao.kernel.clock import Clock

KEPT = timedelta(days=2)
"""Longer than the longest window, which is a day."""


def sweep_limits(*, clock: Clock) -> int:
    """Remove the counts of windows that began two days ago or earlier; answers how many."""
    return throttle.sweep(before=clock.now() - KEPT)
