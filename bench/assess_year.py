"""A year for a whole region: from the register and the values in force to a bill for everybody who owes one.

The floor is told the answer: the rows that the journey wrote (bills, and the move and the event of each that the
subsidy met at once) are laid aside, their tables are emptied, and one INSERT … SELECT for each table writes them again,
into the same tables with the same indexes and constraints.
"""

from __future__ import annotations

import time

from bench.figure import Measured, Round, measured
from bench.ground import DURABLE, INSURED_YEAR, NANCHANG, BenchFailed, Cluster, Ground, ground
from bench.orders import fill_register
from canbao.journeys.assess_year import assess_year
from canbao.policy import public as policy

ROUNDS = 3
WRITTEN = ("billing_bill", "billing_bill_history", "kernel_outbox_event")
ASIDE = ("bench_bill", "bench_move", "bench_event")
MADE = (*WRITTEN, *ASIDE, "billing_price", "billing_assessment")


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Assess a region of `size` persons, and let the floor write the same rows; several times, each from nothing."""
    with ground("assess_year", cluster) as found:
        fill_register(found, size, has_helped=True)
        found.execute("make_assessment_copies")
        return measured(size, [_round(found, size) for _ in range(ROUNDS)])


def _round(ground: Ground, size: int) -> Round:
    ground.empty(*MADE)
    ground.settle_down(*WRITTEN)
    cpu_before, before = ground.cpu_seconds(), time.perf_counter()
    tally = assess_year(NANCHANG, policy.RESIDENT_MEDICAL, INSURED_YEAR, clock=ground.clock)
    seconds, cpu_seconds = time.perf_counter() - before, ground.cpu_seconds() - cpu_before
    if (tally.counts.person_count, tally.counts.made_count) != (size, size):
        message = f"{size} persons owe a bill each, and {tally.counts} was made"
        raise BenchFailed(message)
    return Round(item_count=size, seconds=seconds, floor_seconds=_floor(ground, size), cpu_seconds=cpu_seconds)


def _floor(ground: Ground, made: int) -> float:
    """Write the rows again, by one statement for each table; answers the seconds."""
    ground.execute("lay_bills_aside")
    ground.empty(*WRITTEN)
    ground.settle_down(*WRITTEN)
    before = time.perf_counter()
    written = [ground.execute(f"insert_{rows}_again") for rows in ("bills", "moves", "events")]
    seconds = time.perf_counter() - before
    laid_aside = [ground.ask(f"SELECT count(*) FROM {table}") for table in ASIDE]
    if written != laid_aside or written[0] != made:
        message = f"the floor wrote {written} bills, moves and events of {laid_aside}"
        raise BenchFailed(message)
    return seconds
