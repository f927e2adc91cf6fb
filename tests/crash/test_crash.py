"""Worker and intake are killed in the middle of their work, again and again; what was acknowledged is never lost, and
nothing is done twice.

Real processes on real ports: the played channel posts its notices to the intake, some of them several times at once,
and repeats on its ladder whatever was not acknowledged. The seed decides who is killed and when; it is printed.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from canbao.coverage import public as coverage
from canbao.payments.public import Order, OrderState
from canbao.site.stack import free_port
from tests.world import CROWD, FULL_FEN, ROOT, World, audit, rows, tamper, wait_until

SEED = int(os.environ.get("CANBAO_TEST_SEED", "20241115"))
ORDERS = 120
ROUNDS = 5


class Process:
    """A command of ours that can be killed with everything it started, and started again."""

    def __init__(self, world: World, log: Path, *words: str) -> None:
        self._world = world
        self._log = log
        self._words = words
        self._running: subprocess.Popen[bytes] | None = None
        self.name = words[0]
        self.port = 0
        self.deaths = 0

    def start(self) -> None:
        """Start it in a session of its own, on the channel's clock."""
        environment = {**os.environ, "CANBAO_CLOCK": f"shift:{self._world.sandbox.shift_seconds()}"}
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "canbao.site.cli.main", *self._words],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9, with its children."""
        assert self._running is not None
        assert self._running.poll() is None, f"it ended by itself: {self._log.read_text()[-2000:]}"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait(10)
        self.deaths += 1

    def stop(self) -> int:
        """Ask it to stop; its exit status."""
        assert self._running is not None
        if self._running.poll() is None:
            self._running.terminate()
        try:
            return self._running.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)


@pytest.fixture
def intake(world: World, tmp_path: Path) -> Iterator[Process]:
    """The intake on a port of its own, to which the channel posts."""
    port = free_port()
    world.notify_url = f"http://127.0.0.1:{port}/notices/wechat"
    process = Process(world, tmp_path / "intake.log", "intake", "--port", str(port))
    process.port = port
    process.start()
    wait_until(lambda: _answers(port), "the intake")
    yield process
    process.stop()


@pytest.fixture
def worker(world: World, tmp_path: Path) -> Iterator[Process]:
    """The worker."""
    process = Process(world, tmp_path / "work.log", "work")
    process.start()
    yield process
    process.stop()


def _answers(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False, timeout=1).status_code == 200
    return False


def pay_all(world: World, orders: list[Order], chance: random.Random) -> None:
    """The payers pay, one after the other, with little pauses."""
    pause = threading.Event()
    for order in orders:
        world.sandbox.pay(out_trade_no=order.order_no)
        pause.wait(chance.uniform(0, 0.05))


def settled_count() -> int:
    """How many orders are settled."""
    return int(str(rows("SELECT count(*) FROM payments_order WHERE state = 'settled'")[0][0]))


@pytest.mark.slow
def test_killed_worker_and_intake_lose_nothing_and_do_nothing_twice(
    world: World, intake: Process, worker: Process
) -> None:
    print(f"CANBAO_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    with ThreadPoolExecutor(4) as threads:
        orders = list(threads.map(world.open_an_order, CROWD[:ORDERS]))
    assert {order.state for order in orders} == {OrderState.PLACED}
    world.sandbox.add_fault("notice_duplicate_concurrent", times=0, probability=0.4, count=2)
    for turn in range(ROUNDS):
        victims = chance.choice([[worker], [intake], [worker, intake]])
        with ThreadPoolExecutor(1) as payers:
            paying = payers.submit(pay_all, world, orders[turn::ROUNDS], random.Random(SEED + turn))
            _wait_for_work(world, chance)
            for victim in victims:
                victim.kill()
            paying.result(timeout=60)
        print(
            f"round {turn}: {' and '.join(victim.name for victim in victims)} killed, {settled_count()} orders settled"
        )
        for victim in victims:
            victim.start()
    assert worker.deaths + intake.deaths >= ROUNDS
    _let_everything_arrive(world, intake, worker)
    _nothing_is_lost_or_doubled(world, orders)
    assert worker.stop() == 0


def _wait_for_work(world: World, chance: random.Random) -> None:
    """Until more orders are settled than now, so that both are at work; then a moment more.

    Notices that came while nobody listened are repeated by the channel fifteen seconds later: by its own clock.
    """
    before, pause = settled_count(), threading.Event()
    world.sandbox.advance(15)
    for _ in range(400):
        if settled_count() > before:
            break
        pause.wait(0.02)
    pause.wait(chance.uniform(0, 0.2))


def _let_everything_arrive(world: World, intake: Process, worker: Process) -> None:
    """The channel climbs its ladder until every notice was acknowledged; the worker settles and delivers."""

    def all_acknowledged() -> bool:
        world.sandbox.deliver_notices()
        return all(notice["state"] == "acknowledged" for notice in world.sandbox.notices())

    for seconds in (0, 16, 31, 181, 601, 1201):
        # Beyond five minutes between two clocks every notice would be stale: intake and worker follow the channel's.
        if seconds > 60:
            world.sandbox.hold_notices()
            for process in (intake, worker):
                process.kill()
            world.sandbox.advance(seconds)
            for process in (intake, worker):
                process.start()
            wait_until(lambda: _answers(intake.port), "the intake")
            world.sandbox.release_notices()
        else:
            wait_until(lambda: _answers(intake.port), "the intake")
            world.sandbox.advance(seconds)
        if all_acknowledged():
            break
    assert all_acknowledged(), [notice for notice in world.sandbox.notices() if notice["state"] != "acknowledged"][:3]
    wait_until(lambda: settled_count() == ORDERS, "every order's settlement", seconds=30)
    waiting = "SELECT count(*) FROM kernel_outbox_event WHERE delivered_at IS NULL"
    # An event whose taker was killed waits until its lease ends.
    tamper("UPDATE kernel_outbox_event SET due_at = recorded_at WHERE delivered_at IS NULL")
    wait_until(lambda: rows(waiting) == [(0,)], "every event's delivery", seconds=30)
    left = "SELECT count(*) FROM payments_notice WHERE judged_at IS NULL"
    wait_until(lambda: rows(left) == [(0,)], "every notice's verdict", seconds=30)


def _nothing_is_lost_or_doubled(world: World, orders: list[Order]) -> None:
    told = world.sandbox.notices()
    kept = rows("SELECT order_no, count(*) FROM payments_notice GROUP BY 1 ORDER BY 1")
    assert kept == sorted((str(notice["out_trade_no"]), 1) for notice in told)
    assert len(kept) == ORDERS
    assert rows(
        "SELECT count(*), count(DISTINCT order_id), sum(amount_fen)::bigint, count(*) FILTER (WHERE reason <> '') "
        "FROM payments_capture"
    ) == [(ORDERS, ORDERS, ORDERS * FULL_FEN, 0)]
    assert rows("SELECT count(*) FROM billing_bill WHERE state = 'paid'") == [(ORDERS,)]
    assert rows("SELECT count(*) FROM ledger_transfer WHERE kind = 'bill_collected'") == [(ORDERS,)]
    assert rows("SELECT count(*) FROM payments_discrepancy") == [(0,)]
    assert {len(coverage.of_bills(world.region, order.bill_ids)) for order in orders} == {1}
    assert world.balances()["clearing"] == ORDERS * FULL_FEN
    assert world.sandbox.findings() == []
    assert audit() == []
