"""A year for a whole region: from the register and the values in force to a bill for everybody who owes one.

The floor is told the answer: the bills that the journey made are laid aside, the table is emptied, and one INSERT …
SELECT writes them again, into the same table with the same indexes and constraints.
"""

from __future__ import annotations

import time

from bench.figure import Measured, Round, measured
from bench.ground import DURABLE, INSURED_YEAR, NANCHANG, BenchFailed, Cluster, Ground, ground
from bench.orders import fill_register
from canbao.journeys.assess_year import assess_year
from canbao.policy import public as policy


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Assess a region of `size` persons once, and let the floor write the same bills."""
    with ground("assess_year", cluster) as found:
        fill_register(found, size, has_helped=True)
        cpu_before, before = found.cpu_seconds(), time.perf_counter()
        tally = assess_year(NANCHANG, policy.RESIDENT_MEDICAL, INSURED_YEAR, clock=found.clock)
        seconds, cpu_seconds = time.perf_counter() - before, found.cpu_seconds() - cpu_before
        made = tally.counts.made_count
        if (tally.counts.person_count, made) != (size, size):
            message = f"{size} persons owe a bill each, and {tally.counts} was made"
            raise BenchFailed(message)
        floor_seconds = _floor(found, made)
        return measured(
            size, [Round(item_count=made, seconds=seconds, floor_seconds=floor_seconds, cpu_seconds=cpu_seconds)]
        )


def _floor(ground: Ground, made: int) -> float:
    """Write the bills again by one statement; answers the seconds."""
    ground.execute("lay_bills_aside")
    ground.execute("empty_bills")
    ground.settle_down("billing_bill", "bench_bill")
    before = time.perf_counter()
    written = ground.execute("insert_bills_again")
    seconds = time.perf_counter() - before
    if written != made:
        message = f"the floor wrote {written} bills of {made}"
        raise BenchFailed(message)
    return seconds
