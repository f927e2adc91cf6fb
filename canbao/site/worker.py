"""The worker: settles kept notices, delivers events, asks about silence, sends refunds, and runs what is scheduled.

Five loops in threads of their own, each taking due work region by region and running a journey on it. Any number of
workers may run; the journeys share the work among them, and so do two threads that settle: while one waits for the
database the other prepares its batch. A loop that fails says so, waits a little longer each time, and goes on.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from django.conf import settings

from canbao.channels.interface import ChannelCode
from canbao.journeys.chase_orders import chase_orders
from canbao.journeys.chase_refunds import chase_refunds
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.settle_orders import settle_orders
from canbao.kernel import outbox
from canbao.kernel.clock import Clock
from canbao.kernel.regions import RegionCode
from canbao.payments import public as payments

log = structlog.get_logger(__name__)

SETTLE_BATCH = 500
SETTLE_THREADS = 2
FAILED_WAIT_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Loop:
    """Something done again and again by `threads`. `once` answers how much it did; after nothing it waits `idle_s`."""

    name: str
    once: Callable[[Clock], int]
    idle_s: float
    threads: int = 1


def settle_once(clock: Clock) -> int:
    """One batch in every region that has notices waiting."""
    regions = payments.regions_with_kept_notices()
    return _in_each(regions, lambda region: settle_orders(region, clock=clock, limit=SETTLE_BATCH).taken)


def deliver_once(clock: Clock) -> int:
    """One batch of events in every region that has any due."""
    regions = outbox.regions_with_due_events(clock.now())
    return _in_each(regions, lambda region: deliver_events(region, clock=clock))


def chase_once(clock: Clock) -> int:
    """Ask about the orders of every region whose time has come."""
    regions = payments.regions_to_ask(clock.now())
    return _in_each(regions, lambda region: chase_orders(region, clock=clock))


def refund_once(clock: Clock) -> int:
    """Send the approved refunds of every region, and ask about those whose time has come."""
    regions = payments.regions_to_refund(clock.now())
    notify_url = f"{settings.NOTICE_URL}/notices/{ChannelCode.WECHAT}"
    return _in_each(regions, lambda region: chase_refunds(region, notify_url=notify_url, clock=clock))


def _in_each(regions: Sequence[RegionCode], act: Callable[[RegionCode], int]) -> int:
    """Act in every region, so that one that fails holds up no other; answers how much was done.

    Raises the first failure when nothing was done anywhere: then it is time to wait.
    """
    done, failed = 0, None
    for region in regions:
        try:
            done += act(region)
        except Exception as failure:
            log.error("region_failed", region_code=region, error=type(failure).__name__)
            failed = failed or failure
    if failed is not None and not done:
        raise failed
    return done


LOOPS = (
    Loop("settle", settle_once, 0.05, SETTLE_THREADS),
    Loop("deliver", deliver_once, 0.1),
    Loop("chase", chase_once, 1.0),
    Loop("refund", refund_once, 1.0),
)


def work(clock: Clock, *, stop: threading.Event | None = None) -> None:
    """Run every loop, and the schedule, until told to stop (SIGTERM, SIGINT, or the event)."""
    stopping = stop or threading.Event()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
    threads = [
        threading.Thread(target=_run, args=(loop, clock, stopping), name=loop.name)
        for loop in LOOPS
        for _ in range(loop.threads)
    ]
    from canbao.site.schedule import run_schedule

    threads.append(threading.Thread(target=run_schedule, args=(stopping,), name="schedule"))
    for thread in threads:
        thread.start()
    log.info("worker_started", loops=[thread.name for thread in threads])
    stopping.wait()
    for thread in threads:
        thread.join(timeout=30)
    log.info("worker_stopped")


def _run(loop: Loop, clock: Clock, stopping: threading.Event) -> None:
    failures = 0
    while not stopping.is_set():
        try:
            done = loop.once(clock)
            failures = 0
        except Exception as failure:
            failures += 1
            log.error("loop_failed", loop=loop.name, error=type(failure).__name__, failures=failures)
            stopping.wait(min(0.2 * 2**failures, FAILED_WAIT_S_MAX))
            continue
        if not done:
            stopping.wait(loop.idle_s)
