"""The world of one run: the platform, the played channel and the clock, and how time passes between two steps.

Everything runs in this process and thread: journeys as the web and the worker call them, the worker's own loops, the
real intake, the channel's gateway with its book in memory. Time jumps from one thing that is due to the next, a worker
looking at most as often as its pace, and stands still while something is done.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import structlog
from django.conf import settings

from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode
from canbao.journeys.pay_bills import Addresses
from canbao.journeys.reconcile_day import DAYS_BACK, reconcile_due
from canbao.journeys.seal_ledger import seal_ledger
from canbao.kernel.clock import FixedClock, Instant, civil_date
from canbao.kernel.connections import owner_connection
from canbao.kernel.regions import NATION
from canbao.kernel.sealing import ring
from canbao.payments.public import Order
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import VerdictCount
from canbao.site.worker import LOOPS, Loop
from sandbox.wechat.gateway import WeChatGateway
from simulation.chance import decided_by
from simulation.channel import BEGINNING, gateway_of, keys_of_the_channel
from simulation.fate import Died, Fate, plan_once, watched
from simulation.town import NANCHANG, Town
from simulation.wire import Postman, lay

SQL = Path(__file__).resolve().parent / "sql"
PHONES = 5
RICH_FEN = 100_000_000_000
STEADY_S = 300
"""How often a worker looks when nothing hurries it."""

TURNS_MAX = 40
"""How often a loop of the worker is run at one instant before it is believed that it will never be done."""


@cache
def statement(name: str) -> str:
    """The text of a statement in `simulation/sql`."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


@dataclass(slots=True)
class Visit:
    """What a payer's tab knows: the key of its last press, and the orders it was shown."""

    key: str = ""
    presses: int = 0
    orders: list[Order] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class World:
    """The present state of a run, as far as it is not in the database or in the channel's book."""

    town: Town
    clock: FixedClock
    gateway: WeChatGateway
    fate: Fate
    postman: Postman
    owner: psycopg.Connection[tuple[Any, ...]]
    pace: timedelta = timedelta(seconds=STEADY_S)
    last_pass_at: Instant = BEGINNING
    away_until: Instant = BEGINNING
    deaf_until: Instant = BEGINNING
    phones: list[str] = field(default_factory=list)
    visits: dict[tuple[int, int], Visit] = field(default_factory=dict)
    invented: dict[str, int] = field(default_factory=dict)
    """Transactions that were told of and never happened, with their amounts."""

    days_told: set[date] = field(default_factory=set)
    """Days whose statement came whole and without a fault, so that nothing of them can be unknown to us."""

    finished: set[date] = field(default_factory=set)
    """Days that were closed when the channel was mended and nobody looked away."""

    alarmed_on: date = field(default_factory=lambda: civil_date(BEGINNING))
    """The last day on which the run at noon came to its end: of every day before it there is a statement or a word."""

    past: dict[str, dict[tuple[Any, ...], tuple[Any, ...]]] = field(default_factory=dict)
    """What was closed and what was resolved, as the night before saw it."""

    asked_at: tuple[int, int] = (-1, -1)
    """How many transactions were begun and notices acknowledged when the rules were asked last."""

    due_at: tuple[int, Instant | None] = (-1, None)
    """When a worker has something to do, and how many transactions were begun when that was asked."""

    troubles: list[str] = field(default_factory=list)
    """What went wrong that never may: a loop that failed, an error nobody foresaw."""

    trace: list[str] = field(default_factory=list)
    doom_of_work: Callable[[], None] | None = None
    doom_of_notices: Callable[[], None] | None = None
    """What befalls the next worker, and the next delivery, that has something to do."""

    @property
    def now(self) -> Instant:
        """The present instant, the channel's and ours."""
        return self.clock.now()

    @property
    def notify_url(self) -> str:
        """Where the channel sends its notices."""
        return f"{settings.NOTICE_URL}/notices/wechat"

    @property
    def addresses(self) -> Addresses:
        """Where notices go and where the wallet leads back to."""
        return Addresses(notify_url=self.notify_url, order_page="http://127.0.0.1:8000/back")

    def note(self, text: str) -> None:
        """Write a line of the history of this run."""
        self.trace.append(f"{self.now:%d %H:%M:%S} {text}")

    def asked(self, name: str, **params: object) -> list[tuple[Any, ...]]:
        """The rows of a statement in `simulation/sql`, asked as the owner of the tables."""
        return self.owner.execute(statement(name).encode(), params or None).fetchall()

    def visit(self, house: int, tab: int) -> Visit:
        """The tab of a household."""
        return self.visits.setdefault((house, tab), Visit())

    def pass_until(self, until: Instant) -> None:
        """Let time pass: notices go out when they are due, and a worker looks when something is due, at its pace."""
        while True:
            work_at = self._next_work_at() or until
            due = min(self._next_notice_at() or until, work_at)
            if due >= until:
                break
            self._jump(max(due, self.now))
            if not self.deliver() and work_at <= self.now:
                self.work()
        self._jump(max(until, self.now))

    def _jump(self, to: Instant) -> None:
        self.clock.advance(to - self.now)
        self.gateway.sweep(self.now)

    def _next_notice_at(self) -> datetime | None:
        due = (self.gateway.notices.next_due_at(), self.gateway.refunds.next_due_at())
        return min((at for at in due if at is not None), default=None)

    def _next_work_at(self) -> Instant | None:
        """When a worker has something to do and looks; asked anew where something was written since."""
        if self.due_at[0] != self.fate.begun:
            ((found,),) = self.asked("next_work_at")
            self.due_at = (self.fate.begun, found)
        due = self.due_at[1]
        return None if due is None else max(due, self.last_pass_at + self.pace, self.away_until)

    def deliver(self) -> bool:
        """The channel delivers what is due, if anything is, and the intake meets its fate if there is any."""
        self.postman.is_deaf = self.now < self.deaf_until
        due_at = self.gateway.notices.next_due_at()
        if due_at is None or due_at > self.now:
            return False
        if self.doom_of_notices is not None and not self.postman.is_deaf:
            doom, self.doom_of_notices = self.doom_of_notices, None
            doom()
        sent = self.postman.deliver()
        self.note(f"{sent} notices, {self.fate.spare()} moments")
        return True

    def work(self) -> None:
        """A worker passes by, every loop until it has nothing left to do now; it meets its fate if there is any."""
        self.last_pass_at = self.now
        if self.doom_of_work is not None:
            doom, self.doom_of_work = self.doom_of_work, None
            doom()
        try:
            for loop in LOOPS:
                for _ in range(TURNS_MAX):
                    if not self.turn(loop):
                        break
        except Died:
            self.note("the worker dies")
        finally:
            self.fate.spare()

    def turn(self, loop: Loop) -> int:
        """One turn of a loop of the worker; how much it did. A failure is a trouble, except in the middle of somebody
        else's doing, where a lock may stand in the way.
        """
        try:
            done = loop.once(self.clock)
        except psycopg.Error as failure:
            if not self.fate.depth:
                self.troubles.append(f"loop {loop.name}: {type(failure).__name__}")
            return 0
        except Exception as failure:
            self.troubles.append(f"loop {loop.name}: {type(failure).__name__}")
            return 0
        if done:
            self.note(f"{loop.name} {done}")
        return done

    def compare(self) -> str:
        """Compare every day of the last week that was not matched yet, in town and nation; what was found."""
        found = []
        is_whole = not self.gateway.faults.rules()
        for region in (NATION, NANCHANG):
            for run in reconcile_due(region, clock=self.clock):
                if is_whole and region == NANCHANG and run.trades is not None and not run.trades.was_known:
                    self.days_told.add(run.day_on)
                counts = [] if run.trades is None else run.trades.counts
                found.append(f"{region} {run.day_on:%m-%d}: {', '.join(map(_told, counts))}")
        return "; ".join(found) or "nothing to compare"

    def left_out(self) -> list[str]:
        """The days of the last week that were not compared, although the channel was whole when it was asked."""
        last = civil_date(self.now) - timedelta(days=1)
        since = last - timedelta(days=DAYS_BACK - 1)
        return [
            f"{region} {day_on} was not compared by a channel that is whole"
            for region in (NATION, NANCHANG)
            for day_on in reconciliation.days_missing(region, ChannelCode.WECHAT, since=since, last=last)
        ]

    def end_day(self) -> None:
        """What the schedule does in the night."""
        for region in (NATION, NANCHANG):
            seal_ledger(region, clock=self.clock)


def _told(counted: VerdictCount) -> str:
    return f"{counted.verdict} {counted.count}"


@contextmanager
def of_one_seed(folder: Path) -> Iterator[None]:
    """An environment in which nothing hangs on the machine: keys of our own, a channel of our own, no clock set."""
    keys_of_the_channel(folder)
    wanted = {
        "CANBAO_WECHAT_FILE": str(folder / "merchant.json"),
        "CANBAO_SEAL_KEYS": "1:" + "5a" * 16,
        "CANBAO_DIGEST_KEY": "a5" * 32,
        "CANBAO_CLOCK": "",
    }
    kept = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    ring.cache_clear()
    catalogue.forget()
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        ring.cache_clear()
        catalogue.forget()


@contextmanager
def world_of(seed: int, town: Town, folder: Path) -> Iterator[World]:
    """The world of a seed at its beginning. The environment is that of `of_one_seed`."""
    town.put_back()
    clock, fate = FixedClock(BEGINNING), Fate()
    gateway = gateway_of(clock, folder, seed=seed)
    postman = Postman(gateway, clock)
    lay(gateway, fate, postman.deliver)
    with decided_by(f"{seed}"), watched(fate), owner_connection() as owner:
        plan_once(owner)
        found = World(town=town, clock=clock, gateway=gateway, fate=fate, postman=postman, owner=owner)
        for number in range(PHONES):
            payer = gateway.ledger.create_payer(
                name=f"payer {number}", balance_fen=RICH_FEN, openid=None, now=clock.now()
            )
            found.phones.append(payer.openid)
        try:
            with _heard(found):
                yield found
        finally:
            postman.close()
            gateway.close()


@contextmanager
def _heard(world: World) -> Iterator[None]:
    """What the platform logs as an error is a trouble: it goes to the run and not to the terminal."""

    def hear(_logger: object, _method: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if _method in ("error", "critical", "exception"):
            what = f"{told.get('event')}: {told.get('error', '')}"
            world.note(what)
            if not world.fate.depth and told.get("error") not in ("Died",):
                world.troubles.append(what)
        raise structlog.DropEvent

    # In place, as structlog's own testing does it: loggers that are bound already hold this very list.
    processors = structlog.get_config()["processors"]
    kept, kept_level = list(processors), logging.root.manager.disable
    processors[:] = [hear]
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        processors[:] = kept
        logging.disable(kept_level)


__all__ = ["Visit", "World", "of_one_seed", "world_of"]
