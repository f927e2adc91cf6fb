"""From the wire to the books: signed notices over HTTP, kept by the intake, settled by the worker, all at once.

The notices are signed ahead by the played channel. Measured is the time from the first byte sent to the last order
settled, load generator included, on the machine's cores together with the database. Some notices are sent twice, as
channels do; afterwards every order is settled once and every auditor is silent, or nothing is quoted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from bench.figure import Measured, Round, measured
from bench.floor import CLIENTS
from bench.ground import DURABLE, NANCHANG, BenchFailed, Cluster, Ground, ground
from bench.load import request, send_all
from bench.merchant import open_merchant
from bench.orders import WaitingOrder, open_orders
from bench.settle_orders import floor_round
from canbao.journeys.audit_books import audit_books
from canbao.site.stack import free_port
from sandbox.wechat.bulk import BulkOrder, build_bulk
from sandbox.wechat.gateway import WeChatGateway

ROUNDS = 3
WARM_UP = 64
CONNECTIONS = 32
REPEATED_EVERY = 50
"""One notice in so many is sent a second time."""

SETTLE_S_MAX = 300.0
_WAITING = "SELECT count(*) FROM payments_notice WHERE judged_at IS NULL"
_DUE = "SELECT count(*) FROM kernel_outbox_event WHERE delivered_at IS NULL"


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Send `size` notices in rounds and see them settled; let the floor settle as many."""
    in_round = max(CLIENTS, size // ROUNDS // CLIENTS * CLIENTS)
    with ground("intake", cluster) as found:
        gateway = open_merchant(found)
        found.execute("make_floor_table")
        orders = open_orders(found, ROUNDS * (WARM_UP + 2 * in_round))
        rounds = []
        for number in range(ROUNDS):
            warming, ours, floors = ([orders.pop() for _ in range(count)] for count in (WARM_UP, in_round, in_round))
            port = _start(found)
            _see_settled(found, port, _signed(gateway, warming))
            _wait_until_delivered(found)
            seconds, cpu_seconds = _see_settled(found, port, _signed(gateway, ours))
            _wait_until_delivered(found)
            # The worker would settle the floor's notices too, so it is stopped meanwhile.
            found.stop_processes()
            floor_seconds = floor_round(found, floors, first=number * in_round)
            rounds.append(
                Round(item_count=in_round, seconds=seconds, floor_seconds=floor_seconds, cpu_seconds=cpu_seconds)
            )
        _start(found)
        _wait_until_delivered(found)
        found.stop_processes()
        refuse_losses(found, ours=ROUNDS * (WARM_UP + in_round), floors=ROUNDS * in_round)
        return measured(size, rounds)


def _start(ground: Ground) -> int:
    """Start the intake and the worker as an installation runs them; answers the intake's port."""
    port = free_port()
    canbao = ["-m", "canbao.site.cli.main"]
    ground.spawn("intake", [*canbao, "intake", "--port", str(port)])
    ground.spawn("work", [*canbao, "work"])
    ground.wait_for(f"http://127.0.0.1:{port}/health")
    return port


def _signed(gateway: WeChatGateway, orders: Sequence[WaitingOrder]) -> list[bytes]:
    """The channel's notices for these orders, signed now, as requests; some of them stand twice."""
    wanted = [BulkOrder(out_trade_no=order.order_no, amount_fen=order.amount_fen) for order in orders]
    messages = build_bulk(gateway, wanted, is_paid_here=False)
    sent = [request("/notices/wechat", message.headers, message.body) for message in messages]
    return sent + sent[::REPEATED_EVERY]


def _see_settled(ground: Ground, port: int, requests: Sequence[bytes]) -> tuple[float, float]:
    """Send and wait until none waits for its verdict: seconds, and processor seconds.

    Raises BenchFailed when a notice was not taken, or not all were judged in time.
    """
    cpu_before, before = ground.cpu_seconds(), time.perf_counter()
    statuses = send_all(port, requests, connections=CONNECTIONS)
    while ground.ask(_WAITING):
        ground.refuse_a_dead_process()
        if time.perf_counter() - before > SETTLE_S_MAX:
            message = f"notices still wait for their verdict after {SETTLE_S_MAX:.0f} s"
            raise BenchFailed(message)
        threading.Event().wait(0.02)
    seconds, cpu_seconds = time.perf_counter() - before, ground.cpu_seconds() - cpu_before
    if statuses != {204: len(requests)}:
        message = f"the intake answered {dict(statuses)} to {len(requests)} sound notices"
        raise BenchFailed(message)
    return seconds, cpu_seconds


def _wait_until_delivered(ground: Ground) -> None:
    """Let the worker finish what follows the money, so that what is measured next has the machine to itself."""
    until = time.perf_counter() + SETTLE_S_MAX
    while ground.ask(_DUE):
        ground.refuse_a_dead_process()
        if time.perf_counter() > until:
            message = f"events still wait to be delivered after {SETTLE_S_MAX:.0f} s"
            raise BenchFailed(message)
        threading.Event().wait(0.1)


def refuse_losses(ground: Ground, *, ours: int, floors: int) -> None:
    """Raises BenchFailed unless every order was settled once, by one capture, one notice and one transfer, and no
    auditor has anything to say, about the floor's rows as little as about ours.
    """
    told = {
        "orders": ground.ask("SELECT count(*) FROM payments_order WHERE state = 'settled'"),
        "captures": ground.ask("SELECT count(*) FROM payments_capture WHERE disposition = 'credited'"),
        "notices": ground.ask("SELECT count(*) FROM payments_notice WHERE verdict = 'settled'"),
        "bills": ground.ask("SELECT count(*) FROM billing_bill WHERE state = 'paid'"),
        "transfers": ground.ask("SELECT count(*) FROM ledger_transfer"),
        "covers": ground.ask("SELECT count(*) FROM coverage_period"),
    }
    findings = audit_books(NANCHANG)
    if findings or set(told.values()) != {ours + floors}:
        message = f"{ours} orders of ours and {floors} of the floor's; found {told}; auditors say {findings[:3]}"
        raise BenchFailed(message)
