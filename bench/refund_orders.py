"""Refunding: kept notices of payments that came too late, to refunds that have succeeded, with nobody asking.

Ours is the settling that opens the refunds, the worker that sends each to the channel, and the settling of the notices
that the money is back, by the real journeys with all their writes and the real connector with all its signatures. What
the played channel itself spends is taken out, and so is what lies between: the notices are kept before each settling.

The floor writes the same rows by pgbench, one refund per transaction; it signs nothing and asks nobody. Both sides take
turns on the same database, so that what disturbs the machine disturbs both.
"""

from __future__ import annotations

import time

from bench.figure import Measured, Round, measured
from bench.floor import CLIENTS, REFUNDED, refund_one_by_one
from bench.ground import DURABLE, NANCHANG, BenchFailed, Cluster, Ground, ground
from bench.late_payments import NOTIFY_URL, Line, closed_orders, finish_refunds, lay_line, pay_late
from bench.merchant import open_merchant
from bench.orders import WaitingOrder
from bench.refund_floor import give_to_the_floor
from bench.settle_orders import settle_all
from canbao.journeys.audit_books import audit_books
from canbao.journeys.chase_refunds import chase_refunds
from sandbox.wechat.gateway import WeChatGateway

ROUNDS = 3
WARM_UP = 16


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Give back `size` payments in rounds by the journeys, and as many by the floor."""
    in_round = max(CLIENTS, size // ROUNDS // CLIENTS * CLIENTS)
    with ground("refund_orders", cluster) as found:
        gateway = open_merchant(found)
        line = lay_line(gateway)
        found.execute("make_refund_floor_table")
        orders = closed_orders(found, WARM_UP + 2 * ROUNDS * in_round)
        _ours(found, gateway, line, [orders.pop() for _ in range(WARM_UP)])
        rounds = []
        for number in range(ROUNDS):
            ours, floors = ([orders.pop() for _ in range(in_round)] for _ in range(2))
            seconds, cpu_seconds = _ours(found, gateway, line, ours)
            give_to_the_floor(found, floors, first=number * in_round)
            floor_seconds = refund_one_by_one(found, first=number * in_round, count=in_round)
            rounds.append(
                Round(item_count=in_round, seconds=seconds, floor_seconds=floor_seconds, cpu_seconds=cpu_seconds)
            )
        refuse_losses(found, WARM_UP + 2 * ROUNDS * in_round)
        return measured(size, rounds)


def _ours(ground: Ground, gateway: WeChatGateway, line: Line, orders: list[WaitingOrder]) -> tuple[float, float]:
    """Seconds and processor seconds from the notices of these payments to their refunds' success."""
    before = ground.ask(REFUNDED)
    pay_late(ground, gateway, orders)
    ground.settle_down("payments_notice", "payments_refund")
    channel, cpu_channel = line.seconds, line.cpu_seconds
    cpu_start, start = ground.cpu_seconds(), time.perf_counter()
    settle_all(ground, "late_capture")
    while chase_refunds(NANCHANG, notify_url=NOTIFY_URL, clock=ground.clock):
        pass
    seconds, cpu_seconds = time.perf_counter() - start, ground.cpu_seconds() - cpu_start
    finish_refunds(ground, gateway, len(orders))
    cpu_start, start = ground.cpu_seconds(), time.perf_counter()
    settle_all(ground, "succeeded")
    seconds += time.perf_counter() - start - (line.seconds - channel)
    cpu_seconds += ground.cpu_seconds() - cpu_start - (line.cpu_seconds - cpu_channel)
    if (done := ground.ask(REFUNDED) - before) != len(orders):
        message = f"{done} refunds succeeded of {len(orders)}"
        raise BenchFailed(message)
    return seconds, cpu_seconds


def refuse_losses(ground: Ground, count: int) -> None:
    """Raises BenchFailed unless every payment went back once, booked and in its history, and no auditor has anything to
    say, about the floor's rows as little as about ours.
    """
    told = {
        "captures": ground.ask("SELECT count(*) FROM payments_capture WHERE disposition = 'suspended'"),
        "refunds": ground.ask(REFUNDED),
        "moves": ground.ask("SELECT count(*) / 3 FROM payments_refund_event"),
        "exchanges": ground.ask("SELECT count(*) FROM payments_exchange WHERE verb = 'refund'"),
        "notices": ground.ask("SELECT count(*) FROM payments_notice WHERE verdict = 'succeeded'"),
        "transfers": ground.ask("SELECT count(*) / 3 FROM ledger_transfer"),
    }
    findings = audit_books(NANCHANG)
    if findings or set(told.values()) != {count}:
        message = f"{count} payments were to go back; found {told}; auditors say {findings[:3]}"
        raise BenchFailed(message)
