"""What a benchmark answers: a rate beside its floor, the processor time of an item, and how the cost grows.

A benchmark measures one size at a time (`Measured`); two sizes ten times apart make a `Figure`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

CPU_TICK_S = 0.01
"""Processor time is counted in such ticks: less than one cannot be told from none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One of several short alternating rounds: the same number of items by us and by the floor, in seconds."""

    item_count: int
    seconds: float
    floor_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One size, measured: items a second by us and by the floor, and processor seconds (ours and the server's) an item.

    Growth is told in processor time: it is what a size costs, whoever else uses the machine meanwhile.
    """

    size: int
    rate_per_s: float
    floor_per_s: float
    cpu_us_per_item: float
    peak_mib: float | None = None
    """The most memory of our process, in MiB, where it was watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A benchmark's figure. `ratio` is rate over floor; `exponent` is how cost grows with size, 1 in proportion.

    `peak_mib` is the most memory that our process had in use, where the benchmark watches it.
    """

    name: str
    size: int
    rate_per_s: float
    floor_per_s: float
    ratio: float
    cpu_us_per_item: float
    exponent: float
    peak_mib: float | None = None


def measured(size: int, rounds: Sequence[Round], *, peak_mib: float | None = None) -> Measured:
    """The medians of rounds. Their ratio is a median too, so that one disturbed round decides nothing."""
    assert rounds, "at least one round was run"
    floor_per_s = median(one.item_count / one.floor_seconds for one in rounds)
    cpu_seconds = sum(one.cpu_seconds for one in rounds)
    ratio = median(one.floor_seconds / one.seconds for one in rounds)
    return Measured(
        size=size,
        rate_per_s=floor_per_s * ratio,
        floor_per_s=floor_per_s,
        cpu_us_per_item=1e6 * max(CPU_TICK_S, cpu_seconds) / sum(one.item_count for one in rounds),
        peak_mib=peak_mib,
    )


def figure(name: str, small: Measured, large: Measured) -> Figure:
    """The figure of two sizes: what is quoted is the larger one's; the exponent comes from both."""
    dearer = large.cpu_us_per_item / small.cpu_us_per_item
    growth = 1 + math.log(dearer) / math.log(large.size / small.size)
    return Figure(
        name=name,
        size=large.size,
        rate_per_s=round(large.rate_per_s, 3),
        floor_per_s=round(large.floor_per_s, 3),
        ratio=round(large.rate_per_s / large.floor_per_s, 3),
        cpu_us_per_item=round(large.cpu_us_per_item, 1),
        exponent=round(growth, 3),
        peak_mib=round(large.peak_mib, 1) if large.peak_mib is not None else None,
    )
