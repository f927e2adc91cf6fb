"""Ask a channel for a day's statement, once for every region that shares the merchant there.

The file is kept byte for byte with the nation, whose statement it is before anybody reads a line of it; every region
reads it from there. A channel that says it is asked too often is asked nothing more in the same run, after a few short
rests: what is left is asked for in the next run, and that alone is no reason for an alarm.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from canbao.channels.interface import Connector, FetchedStatement, Outcome, StatementKind
from canbao.kernel.clock import Clock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.transactions import region_tx
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Statement, StatementSource, StatementState

RESTS_MAX = 30
"""Rests of a run: enough for a week of missing days at one statement in a rest, and less than a minute."""

DONE = {StatementKind.TRADES: StatementState.MATCHED, StatementKind.FUNDS: StatementState.LOADED}
"""Where a statement ends when all is well; until then, if it did not fail, the kept file is read on."""

_Question = tuple[str, StatementKind, date]


@dataclass(slots=True)
class Asking:
    """What one run has asked of the channels so far: nothing is asked twice, and nothing more after "too often".

    `rest` waits a moment before the same is asked again, and answers true where the run is told to stop meanwhile;
    without it a run stops at the first "too often".
    """

    rest: Callable[[], object] | None = None
    rests_left: int = RESTS_MAX
    heard: dict[_Question, Statement | CanbaoError] = field(default_factory=dict)
    held_back: set[str] = field(default_factory=set)

    def ask(self, connector: Connector, kind: StatementKind, day_on: date, *, clock: Clock) -> Statement:
        """The statement as the channel has it, kept with the nation.

        Errors: `reconciliation.statement_not_ready`, `_not_fetched`, `_too_often`; nothing is kept then.
        """
        question = (str(connector.code), kind, day_on)
        if question not in self.heard:
            if connector.code in self.held_back:
                raise reconciliation.STATEMENT_TOO_OFTEN(channel=connector.code, day=day_on.isoformat())
            self.heard[question] = self._answer(connector, kind, day_on, clock=clock)
        heard = self.heard[question]
        if isinstance(heard, CanbaoError):
            raise heard
        return heard

    def is_paced(self, channel_code: str, kind: StatementKind, day_on: date) -> bool:
        """Whether a statement is missing only because we had asked so much before it in this run."""
        is_held_back = channel_code in self.held_back and (channel_code, kind, day_on) not in self.heard
        return is_held_back and any(channel == channel_code for channel, _, _ in self.heard)

    def _answer(
        self, connector: Connector, kind: StatementKind, day_on: date, *, clock: Clock
    ) -> Statement | CanbaoError:
        with tempfile.TemporaryFile(prefix="canbao-statement-") as into:
            fetched = self._fetched(connector, kind, day_on, into, clock=clock)
            if fetched.is_too_often:
                self.held_back.add(str(connector.code))
                raise reconciliation.STATEMENT_TOO_OFTEN(channel=connector.code, day=day_on.isoformat())
            if (refusal := _refusal(fetched, connector, day_on)) is not None:
                return refusal
            is_silent = fetched.outcome is Outcome.REFUSED
            with region_tx(NATION) as tx:
                return reconciliation.keep_statement(
                    tx,
                    channel_code=connector.code,
                    kind=kind,
                    day_on=day_on,
                    source=StatementSource.SILENT if is_silent else StatementSource.FETCHED,
                    file=None if is_silent else into,
                    now=clock.now(),
                )

    def _fetched(
        self, connector: Connector, kind: StatementKind, day_on: date, into: BinaryIO, *, clock: Clock
    ) -> FetchedStatement:
        """What the channel answers, asked again after a rest where it says "too often" and a rest is left."""
        fetched = connector.fetch_statement(kind, day_on, into, now=clock.now())
        while fetched.is_too_often and self.rest is not None and self.rests_left:
            self.rests_left -= 1
            if self.rest():
                break
            fetched = connector.fetch_statement(kind, day_on, into, now=clock.now())
        return fetched


def had_statement(
    region: RegionCode, connector: Connector, kind: StatementKind, day_on: date, asking: Asking, *, clock: Clock
) -> Statement:
    """The merchant's statement for a region that wants it: what the nation keeps, if the region has not read it yet;
    else as the channel has it now. One that could not be read is asked for again, once in a run. Errors: as
    `Asking.ask`.
    """
    kept = reconciliation.merchants_statements(str(connector.code), [day_on], connector.account).get((day_on, kind))
    if kept is None or kept.state is StatementState.FAILED:
        return asking.ask(connector, kind, day_on, clock=clock)
    own = reconciliation.statement_of_digest(region, kept)
    if own is not None and own.state in {DONE[kind], StatementState.FAILED}:
        return asking.ask(connector, kind, day_on, clock=clock)
    return kept


@contextmanager
def opened(kept: Statement) -> Iterator[BinaryIO | None]:
    """The plain bytes of a kept statement; none where the channel said that nothing happened that day.

    Errors: `reconciliation.kept_file_differs`.
    """
    if kept.source is StatementSource.SILENT:
        yield None
        return
    with tempfile.TemporaryFile(prefix="canbao-statement-") as into:
        reconciliation.spool_file(kept, into)
        yield into


def _refusal(fetched: FetchedStatement, connector: Connector, day_on: date) -> CanbaoError | None:
    told = {"channel": str(connector.code), "day": day_on.isoformat()}
    match fetched.outcome:
        case Outcome.WAITING:
            return reconciliation.STATEMENT_NOT_READY(**told)
        case Outcome.UNKNOWN:
            return reconciliation.STATEMENT_NOT_FETCHED(**told, reason=fetched.foreign_code or "no answer")
        case _:
            return None
