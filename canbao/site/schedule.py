"""What runs by the clock on the wall: sealing the books, the nightly audit, comparing yesterday with the channels'
statements, sweeping limits, re-sealing under a new key.

Jobs live in the same PostgreSQL (procrastinate), so any number of workers share them and each is done once. A job runs
a journey; if it fails it is run again at its next time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import structlog
from procrastinate import App, PsycopgConnector

from canbao.journeys.audit_night import audit_night
from canbao.journeys.fetch_statements import Asking
from canbao.journeys.reconcile_day import alarm_missing, reconcile_due
from canbao.journeys.resolve_discrepancy import close_cases_gone
from canbao.journeys.rotate_keys import rotate_keys
from canbao.journeys.seal_ledger import seal_ledger
from canbao.journeys.sweep_limits import sweep_limits
from canbao.kernel.connections import connection_options, database_url
from canbao.kernel.environment import process_clock
from canbao.kernel.regions import NATION, RegionCode
from canbao.policy import public as policy

log = structlog.get_logger(__name__)

REST_S = 1.0
"""Channels count questions by the second."""


def regions() -> list[RegionCode]:
    """Every region that takes part, and the nation, where what has no region is kept."""
    return [NATION, *(found.region_code for found in policy.regions() if found.region_code != NATION)]


def make_app(stopping: threading.Event | None = None) -> App:
    """The jobs and their times (Beijing's or the machine's: minutes and hours only). Told to stop, a job ends before
    its next region, and asks no channel again that it only waited for.
    """
    told = stopping or threading.Event()
    app = App(connector=PsycopgConnector(conninfo=database_url(), kwargs=connection_options()))

    @app.periodic(cron="* * * * *")
    @app.task(name="seal_ledger", queueing_lock="seal_ledger")
    def seal(timestamp: int) -> None:
        for_each_region(told, lambda region: seal_ledger(region, clock=process_clock()))

    @app.periodic(cron="17 * * * *")
    @app.task(name="sweep_limits", queueing_lock="sweep_limits")
    def sweep(timestamp: int) -> None:
        sweep_limits(clock=process_clock())

    @app.periodic(cron="0 19 * * *")
    @app.task(name="audit_books", queueing_lock="audit_books")
    def audit(timestamp: int) -> None:
        for_each_region(told, _audit)

    @app.periodic(cron="30 * * * *")
    @app.task(name="rotate_keys", queueing_lock="rotate_keys")
    def rotate(timestamp: int) -> None:
        rotate_keys(regions())

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="close_cases_gone", queueing_lock="close_cases_gone")
    def tidy_cases(timestamp: int) -> None:
        for_each_region(told, lambda region: close_cases_gone(region, clock=process_clock()))

    # Beijing's ten o'clock, when statements of yesterday are there, and every half hour until noon.
    @app.periodic(cron="0,30 2-3 * * *")
    @app.task(name="reconcile_days", queueing_lock="reconcile_days")
    def reconcile(timestamp: int) -> None:
        asking = patiently(told)
        for_each_region(told, lambda region: reconcile_due(region, clock=process_clock(), asking=asking))

    # From noon until evening: what comes late is compared the same day, and what does not stands before people.
    @app.periodic(cron="0,30 4-9 * * *")
    @app.task(name="alarm_missing_statements", queueing_lock="alarm_missing_statements")
    def alarm(timestamp: int) -> None:
        asking = patiently(told)

        def compare_and_alarm(region: RegionCode) -> None:
            reconcile_due(region, clock=process_clock(), asking=asking)
            alarm_missing(region, clock=process_clock(), asking=asking)

        for_each_region(told, compare_and_alarm)

    return app


def for_each_region(stopping: threading.Event, job: Callable[[RegionCode], object]) -> None:
    """Do a job for every region, until told to stop. A region that fails holds up no other; the log tells of it."""
    for region in regions():
        if stopping.is_set():
            return
        try:
            job(region)
        except Exception as failure:
            log.error("region_failed", region_code=region, error=type(failure).__name__)


def patiently(stopping: threading.Event) -> Asking:
    """One run's questions to the channels, with a second's rest where one says that it is asked too often."""
    return Asking(rest=lambda: stopping.wait(REST_S))


def _audit(region: RegionCode) -> None:
    for finding in audit_night(region, clock=process_clock()):
        log.error("finding", auditor=finding.auditor, region_code=finding.region_code, subject=finding.subject)


def run_schedule(stopping: threading.Event) -> None:
    """Run the jobs in this thread until told to stop; begins anew after a failure."""
    while not stopping.is_set():
        try:
            asyncio.run(_run(stopping))
        except Exception as failure:
            log.error("schedule_failed", error=type(failure).__name__)
            stopping.wait(5)


async def _run(stopping: threading.Event) -> None:
    app = make_app(stopping)
    async with app.open_async():
        worker = asyncio.create_task(app.run_worker_async(install_signal_handlers=False, shutdown_graceful_timeout=10))
        while not stopping.is_set() and not worker.done():
            await asyncio.wait([worker], timeout=0.5)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
