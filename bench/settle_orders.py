"""Settling: kept notices to settled orders, by the real journey with all its writes, beside pgbench's one by one.

Both sides settle equally many orders of the same database in turns, so that what disturbs the machine disturbs both.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from bench.figure import Measured, Round, measured
from bench.floor import CLIENTS, settle_one_by_one
from bench.ground import DURABLE, NANCHANG, BenchFailed, Cluster, Ground, ground
from bench.merchant import open_merchant
from bench.orders import WaitingOrder, give_to_the_floor, keep_notices_of, open_orders
from canbao.journeys.settle_orders import settle_orders
from canbao.site.worker import SETTLE_BATCH, SETTLE_THREADS

ROUNDS = 5
WARM_UP = 64


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Settle `size` orders in rounds by the journey, and as many by the floor."""
    in_round = max(CLIENTS, size // ROUNDS // CLIENTS * CLIENTS)
    with ground("settle_orders", cluster) as found:
        open_merchant(found)
        found.execute("make_floor_table")
        orders = open_orders(found, WARM_UP + 2 * ROUNDS * in_round)
        warm_up(found, [orders.pop() for _ in range(WARM_UP)])
        rounds = [
            _round(found, [orders.pop() for _ in range(in_round)], [orders.pop() for _ in range(in_round)], number)
            for number in range(ROUNDS)
        ]
        return measured(size, rounds)


def warm_up(ground: Ground, orders: list[WaitingOrder]) -> None:
    """Settle some orders before anything is measured: statements are then prepared and the accounts made."""
    for start in range(0, len(orders), 8):
        keep_notices_of(ground, orders[start : start + 8])
        settle_all(ground)


def settle_all(ground: Ground, verdict: str = "settled") -> int:
    """Settle every kept notice as the worker does, by as many threads; answers how many were judged so.

    Raises BenchFailed for any other verdict: the notices are sound, so there can be none.
    """
    with ThreadPoolExecutor(SETTLE_THREADS) as pool:
        return sum(pool.map(_settle_batches, [ground] * SETTLE_THREADS, [verdict] * SETTLE_THREADS))


def _settle_batches(ground: Ground, verdict: str) -> int:
    judged = 0
    while (tally := settle_orders(NANCHANG, clock=ground.clock, limit=SETTLE_BATCH)).taken:
        judged += tally.verdicts[verdict]
        if set(tally.verdicts) != {verdict}:
            message = f"sound notices were judged {dict(tally.verdicts)}"
            raise BenchFailed(message)
    return judged


def floor_round(ground: Ground, orders: list[WaitingOrder], *, first: int) -> float:
    """Let the floor settle these orders; answers the seconds. Their notices are kept before the time is taken."""
    keep_notices_of(ground, orders)
    give_to_the_floor(ground, orders, first=first)
    return settle_one_by_one(ground, first=first, count=len(orders))


def _round(ground: Ground, ours: list[WaitingOrder], floors: list[WaitingOrder], number: int) -> Round:
    keep_notices_of(ground, ours)
    ground.settle_down("payments_notice")
    cpu_before, before = ground.cpu_seconds(), time.perf_counter()
    settled = settle_all(ground)
    seconds, cpu_seconds = time.perf_counter() - before, ground.cpu_seconds() - cpu_before
    if settled != len(ours):
        message = f"{settled} orders settled of {len(ours)}"
        raise BenchFailed(message)
    floor_seconds = floor_round(ground, floors, first=number * len(floors))
    return Round(item_count=len(ours), seconds=seconds, floor_seconds=floor_seconds, cpu_seconds=cpu_seconds)
