"""Every benchmark by its name, and how one is run: at a tenth of its size, then at its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench import (
    assess_year,
    find_bills,
    first_paint,
    import_register,
    intake_to_settled,
    reconcile_day,
    refund_orders,
    settle_orders,
)
from bench.figure import Figure, Measured, figure
from bench.ground import DURABLE, BenchFailed, Cluster

GROWTH = 10
"""How far apart the two sizes are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """How one size is measured, which size is quoted, and the smallest that can be cut by `GROWTH`."""

    measure: Callable[[int, Cluster], Measured]
    size: int
    smallest: int


BENCHMARKS = {
    "settle_orders": Benchmark(measure=settle_orders.run, size=10_000, smallest=400),
    "intake_to_settled": Benchmark(measure=intake_to_settled.run, size=3_000, smallest=240),
    "find_bills": Benchmark(measure=find_bills.run, size=4_000, smallest=400),
    "first_paint": Benchmark(measure=first_paint.run, size=30, smallest=30),
    "assess_year": Benchmark(measure=assess_year.run, size=200_000, smallest=100),
    "import_register": Benchmark(measure=import_register.run, size=30_000, smallest=400),
    "refund_orders": Benchmark(measure=refund_orders.run, size=2_000, smallest=240),
    "reconcile_day": Benchmark(measure=reconcile_day.run, size=1_000_000, smallest=20_000),
}


def run(name: str, size: int | None = None, *, cluster: Cluster = DURABLE) -> Figure:
    """Measure a benchmark at `size` (its own where none is given) and at a tenth of it.

    Raises KeyError for a name that is not in `BENCHMARKS`, and BenchFailed for a size too small to be cut in ten, or
    when the outcome was wrong: nothing is quoted then. BenchUnavailable where the machine lacks what it needs.
    """
    benchmark = BENCHMARKS[name]
    wanted = size or benchmark.size
    if wanted < benchmark.smallest:
        message = f"{name} needs a size of at least {benchmark.smallest}, not {wanted}; nothing was measured"
        raise BenchFailed(message)
    small = benchmark.measure(wanted // GROWTH, cluster)
    return figure(name, small, benchmark.measure(wanted, cluster))
