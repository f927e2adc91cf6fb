"""Assess a year: from the register and the values in force to a bill for everybody who owes one.

A page of persons is a transaction, and with its bills go the events of those that the subsidy met alone. Several
workers make pages at once. Killed at any point, the same command goes on from the last whole pages; run again when it
has finished, it makes nothing new and says what it found changed since: a bill that was paid, or that somebody is
paying, is reported and left as it is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from canbao.billing import public as billing
from canbao.billing.public import AssessedPage, AssessmentCounts, AssessmentPlan, RefusedClass
from canbao.kernel import outbox
from canbao.kernel.clock import Clock
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.policy import public as policy

REPORTED_MAX = 100
"""How many numbers of untouched bills a tally names; all of them are counted."""

WORKERS_MAX = 4
"""Workers of one process at most: they only wait for the database, which has its own processors."""

FIRST_PAGE_SIZE = 500
"""Persons of a run's first page, made alone: it prices nearly every class, so that workers seldom wait for a price."""

EVENT_BILLS_MAX = 20
"""Bills that one event names: few enough that one which cannot be delivered holds up hardly any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentProgress:
    """How far a run has come in this process: persons done, of those that were left when it began."""

    done_count: int
    left_count: int


Progress = Callable[[AssessmentProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentTally:
    """What a run did, from its beginning, also where it was resumed. The numbers are of bills that no longer fit the
    facts.

    `left_locked_nos` wait for the next run; `changed_after_payment_nos` are for a person to decide; at most
    `REPORTED_MAX` each.
    """

    region_code: RegionCode
    scheme_code: str
    insured_year: int
    assessed_on: date
    policy_version_no: int
    is_resumed: bool
    counts: AssessmentCounts
    left_locked_nos: tuple[str, ...]
    changed_after_payment_nos: tuple[str, ...]
    refused_classes: tuple[RefusedClass, ...]


@dataclass(slots=True, kw_only=True)
class _Noted:
    """What the pages of this process found, beside the counts that the run keeps. Workers note one after another."""

    left_count: int
    progress: Progress | None
    done_count: int = 0
    is_stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    left_locked: list[UUID] = field(default_factory=list)
    changed_after_payment: list[UUID] = field(default_factory=list)
    refused: dict[tuple[str, int, str], RefusedClass] = field(default_factory=dict)

    def note(self, page: AssessedPage) -> None:
        """Keep what is to be told of a page, and tell how far the run has come."""
        with self.lock:
            self.done_count += page.counts.person_count
            self.left_locked += page.left_locked_bill_ids[: REPORTED_MAX - len(self.left_locked)]
            self.changed_after_payment += page.changed_after_payment_bill_ids[
                : REPORTED_MAX - len(self.changed_after_payment)
            ]
            for refused in page.refused_classes:
                self.refused.setdefault((refused.category_code, refused.age_band, refused.tier), refused)
            if self.progress is not None:
                self.progress(AssessmentProgress(done_count=self.done_count, left_count=self.left_count))


def assess_year(
    region: RegionCode,
    scheme_code: str,
    insured_year: int,
    *,
    clock: Clock,
    on: date | None = None,
    progress: Progress | None = None,
    page_size: int = billing.PAGE_SIZE,
    workers: int | None = None,
) -> AssessmentTally:
    """Make the bills of a scheme and insured year by the values in force, as of a day (today where none is given).

    `workers` make pages at once, as many as this machine has processors where no number is given.
    Safe to run twice and in several processes at once: nobody gets a second live bill. Errors: `policy.region_unknown`,
    `policy.not_published`, `billing.enrolled_nobody`; no bill has been made then.
    """
    policy.region(region)
    published = policy.in_force(region, scheme_code, insured_year)
    with region_tx(region) as tx:
        plan = billing.assessment_plan(
            tx, published.parameters, published.version_id, assessed_on=on or clock.today(), now=clock.now()
        )
        if plan.enrolled_left_count == 0 and not plan.is_resumed:
            raise billing.ENROLLED_NOBODY(region=int(region), scheme=scheme_code)
    noted = _Noted(left_count=plan.enrolled_left_count, progress=progress)
    _assess_pages(region, plan, noted, clock=clock, page_size=page_size, workers=workers)
    return AssessmentTally(
        region_code=region,
        scheme_code=scheme_code,
        insured_year=insured_year,
        assessed_on=plan.assessed_on,
        policy_version_no=published.version_no,
        is_resumed=plan.is_resumed,
        counts=billing.assessment_counts(plan),
        left_locked_nos=_numbers(region, noted.left_locked),
        changed_after_payment_nos=_numbers(region, noted.changed_after_payment),
        refused_classes=tuple(noted.refused.values()),
    )


def _assess_pages(
    region: RegionCode, plan: AssessmentPlan, noted: _Noted, *, clock: Clock, page_size: int, workers: int | None
) -> None:
    first = _assess_one(region, plan, clock=clock, page_size=min(page_size, FIRST_PAGE_SIZE))
    noted.note(first)
    if first.is_done:
        return

    def work() -> None:
        # Bounded: every page moves a lane's cursor forward over the persons, and the page after the last one ends it.
        while not noted.is_stopped:
            page = _assess_one(region, plan, clock=clock, page_size=page_size)
            noted.note(page)
            if page.is_done:
                return

    worker_count = min(workers or os.cpu_count() or 1, WORKERS_MAX, plan.lanes_left_count)
    if worker_count == 1:
        work()
        return
    with ThreadPoolExecutor(worker_count, thread_name_prefix="assess") as pool:
        try:
            for worked in as_completed([pool.submit(work) for _ in range(worker_count)]):
                worked.result()
        finally:
            # Whatever ended this, the others end with the page they are at.
            noted.is_stopped = True


def _assess_one(region: RegionCode, plan: AssessmentPlan, *, clock: Clock, page_size: int) -> AssessedPage:
    now = clock.now()
    with region_tx(region) as tx:
        page = billing.assess_page(tx, plan, limit=page_size, now=now)
        outbox.append(
            tx,
            "bill.met_by_subsidy",
            [{"bill_ids": list(map(str, bill_ids))} for bill_ids in _batches(page.met_bill_ids)],
            now=now,
        )
    return page


def _batches(bill_ids: tuple[UUID, ...]) -> Iterator[tuple[UUID, ...]]:
    return (bill_ids[start : start + EVENT_BILLS_MAX] for start in range(0, len(bill_ids), EVENT_BILLS_MAX))


def _numbers(region: RegionCode, bill_ids: list[UUID]) -> tuple[str, ...]:
    return tuple(make_no(region, Kind.BILL, bill_id) for bill_id in bill_ids)
