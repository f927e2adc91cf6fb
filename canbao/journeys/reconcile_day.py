"""Compare a day with what a channel says of it: keep its statement, load it, match it, and mend what mends itself.

Each step is a transaction of its own and can be run again: the file is kept before a line of it is believed, all its
lines are there or none, and matching finds the same the second time. The same file changes nothing; a corrected one is
the next version and takes the place of the former. A run that fails says why and is no answer: the next one may
succeed. Regions that share a merchant read one file, which the nation keeps (`fetch_statements`).

What only the channel knows, and whose order is ours, is settled through the same door as a notice; an order without an
outcome that the statement does not tell of is asked about and closed; a line of the neighbour day is carried there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

import structlog

from canbao.channels import catalogue
from canbao.channels.interface import Capability, Connector, StatementKind
from canbao.journeys.chase_orders import ask_now
from canbao.journeys.fetch_statements import Asking, had_statement, opened
from canbao.journeys.settle_orders import settle_captures
from canbao.journeys.tell_since_closed import tell_since_closed
from canbao.kernel.clock import Clock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.policy import public as policy
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Difference, Heal, Statement, StatementSource, StatementState, Verdict

log = structlog.get_logger(__name__)

DAYS_BACK = 7
"""How many days that were not matched are tried again by the schedule."""

ALARMED_BACK = 90
"""How many days are looked back at for one that was left out: so long a channel hands its statements out (WeChat Pay's
page 下载交易账单: three months).
"""

RECORDED = payments.SUSPENDED | {payments.Verdict.SETTLED, payments.Verdict.EXISTS}
"""What a payment told by a line can be judged when its money has its place in our books afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRun:
    """What became of one statement. `was_known` when the same bytes had been loaded before."""

    statement: Statement
    was_known: bool
    counts: tuple[reconciliation.VerdictCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRun:
    """What became of a day: its trade statement, and its fund statement where one was asked for."""

    region_code: RegionCode
    channel_code: str
    day_on: date
    trades: StatementRun | None
    funds: StatementRun | None


Progress = Callable[[StatementKind, int], None]
"""Told which statement is being read, and how many lines of it so far."""


def reconcile_day(
    region: RegionCode,
    channel_code: str,
    day_on: date,
    *,
    clock: Clock,
    file: Path | None = None,
    funds_file: Path | None = None,
    progress: Progress | None = None,
) -> DayRun:
    """Compare a civil day in China with a channel's statements of it: those given; where none is given, those that were
    fetched for another region of the merchant and not read here yet; else what the channel has now.

    Errors, before anything of a file is believed: `policy.region_unknown`, `reconciliation.day_not_over`,
    `reconciliation.channel_without_statements`, `reconciliation.statement_not_ready`, `_not_fetched` and `_too_often`,
    those of the channel's reader and of `load_lines`. A file that was refused is kept with its reason, and nothing of
    it is loaded.
    """
    _refuse(region, channel_code, day_on, clock=clock)
    is_given = file is not None or funds_file is not None
    files = {StatementKind.TRADES: file, StatementKind.FUNDS: funds_file}
    wanted = {kind: path for kind, path in files.items() if path is not None or not is_given}
    return _compare(region, channel_code, day_on, wanted, Asking(), clock=clock, progress=progress)


def reconcile_due(region: RegionCode, *, clock: Clock, asking: Asking | None = None) -> list[DayRun]:
    """Compare every day of the last week that was not compared yet, or of which a newer statement came for another
    region, of every channel with statements; days of which something still stands are matched again, because our books
    may agree by now. Regions that are given the same `asking` ask each channel once.

    Yesterday is asked for first, so that a channel's limit leaves out the oldest. A day that cannot be compared now
    holds up no other: it is told of in the log, and tried again at the next time. Afterwards closed days of the week of
    which something was recorded since stand before people.
    """
    days = [clock.today() - timedelta(days=back) for back in range(DAYS_BACK, 0, -1)]
    questions = asking or Asking()
    done = []
    for channel in _channels_with_statements():
        due = _due(region, catalogue.connector(channel), days)
        _ask_newest_first(region, channel, due, questions, clock=clock)
        for day_on in days:
            try:
                again = (
                    None if StatementKind.TRADES in due[day_on] else _match_again(region, channel, day_on, clock=clock)
                )
                if due[day_on] or again is not None:
                    wanted = dict.fromkeys(due[day_on])
                    found = _compare(region, channel, day_on, wanted, questions, clock=clock)
                    done.append(found if again is None else replace(found, trades=again))
            except CanbaoError as refused:
                is_paced = refused.code == reconciliation.STATEMENT_TOO_OFTEN.code
                tell = log.info if is_paced else log.warning
                tell("day_not_compared", region_code=region, day_on=day_on.isoformat(), code=refused.code)
    tell_since_closed(region, from_on=days[0], clock=clock)
    return done


def alarm_missing(region: RegionCode, *, clock: Clock, asking: Asking | None = None) -> int:
    """Put yesterday before people where its trade statement is still not matched, and every day before it that was left
    out since the first that ever was compared: a run that died at noon alarmed nobody then. Answers how many days of
    channels are missing. Not one that `asking` held back only because so much was asked for before it.

    When the statement comes after all and is matched, the discrepancy ends by itself.
    """
    yesterday = clock.today() - timedelta(days=1)
    missing = 0
    for channel in _channels_with_statements():
        since = yesterday - timedelta(days=ALARMED_BACK)
        for day_on in reconciliation.days_missing(region, channel, since=since, last=yesterday):
            if asking is not None and asking.is_paced(channel, StatementKind.TRADES, day_on):
                continue
            failed = [kept for kept in reconciliation.statements_of(region, channel, day_on) if kept.failure_code]
            why = failed[0].failure_code if failed else "no statement"
            with region_tx(region) as tx:
                reconciliation.raise_missing(tx, channel, day_on, why=why, now=clock.now())
            missing += 1
    return missing


def _due(region: RegionCode, connector: Connector, days: Sequence[date]) -> dict[date, list[StatementKind]]:
    """What of these days is not done with in a region, or was corrected since: the nation keeps a newer statement that
    may be readable.
    """
    ours = reconciliation.statements_that_count(region, str(connector.code), days)
    newest = reconciliation.merchants_statements(str(connector.code), days, connector.account)
    found: dict[date, list[StatementKind]] = {day_on: [] for day_on in days}
    for day_on in days:
        for kind in StatementKind:
            own, shared = ours.get((day_on, kind)), newest.get((day_on, kind))
            is_corrected = (
                own is not None
                and shared is not None
                and shared.state is not StatementState.FAILED
                and bytes(shared.digest) != bytes(own.digest)
                and shared.received_at > own.received_at
            )
            if own is None or is_corrected:
                found[day_on].append(kind)
    return found


def _ask_newest_first(
    region: RegionCode,
    channel_code: str,
    due: Mapping[date, Sequence[StatementKind]],
    asking: Asking,
    *,
    clock: Clock,
) -> None:
    """Have what is due kept with the nation; what is refused is said when its day is compared."""
    connector = catalogue.connector(channel_code)
    for day_on in sorted(due, reverse=True):
        for kind in due[day_on]:
            with suppress(CanbaoError):
                had_statement(region, connector, kind, day_on, asking, clock=clock)


def _compare(
    region: RegionCode,
    channel_code: str,
    day_on: date,
    wanted: Mapping[StatementKind, Path | None],
    asking: Asking,
    *,
    clock: Clock,
    progress: Progress | None = None,
) -> DayRun:
    runs = {
        kind: _run(region, channel_code, kind, day_on, path, asking, clock=clock, progress=progress)
        for kind, path in wanted.items()
    }
    return DayRun(
        region_code=region,
        channel_code=channel_code,
        day_on=day_on,
        trades=runs.get(StatementKind.TRADES),
        funds=runs.get(StatementKind.FUNDS),
    )


def _channels_with_statements() -> list[str]:
    able = [code for code in catalogue.configured() if Capability.STATEMENT in catalogue.connector(code).capabilities]
    return [str(code) for code in able]


def _with_something_standing(region: RegionCode, channel_code: str, day_on: date) -> Statement | None:
    """The trade statement of a day that counts, if something of it stands."""
    for kept in reconciliation.statements_of(region, channel_code, day_on):
        if kept.is_current and kept.kind is StatementKind.TRADES:
            stands = reconciliation.standing(region, kept.statement_id, list(Verdict), limit=1)
            return kept if stands else None
    return None


def _match_again(region: RegionCode, channel_code: str, day_on: date, *, clock: Clock) -> StatementRun | None:
    """Match the trades of a day once more, if something of them stands."""
    kept = _with_something_standing(region, channel_code, day_on)
    if kept is None:
        return None
    kept = _match(kept, catalogue.connector(channel_code), clock=clock)
    return StatementRun(statement=kept, was_known=True, counts=tuple(_counts(kept)))


def _refuse(region: RegionCode, channel_code: str, day_on: date, *, clock: Clock) -> None:
    if region != NATION:
        policy.region(region)
    if Capability.STATEMENT not in catalogue.connector(channel_code).capabilities:
        raise reconciliation.CHANNEL_WITHOUT_STATEMENTS(channel=channel_code)
    if day_on >= clock.today():
        raise reconciliation.DAY_NOT_OVER(day=day_on.isoformat())


def _run(
    region: RegionCode,
    channel_code: str,
    kind: StatementKind,
    day_on: date,
    path: Path | None,
    asking: Asking,
    *,
    clock: Clock,
    progress: Progress | None,
) -> StatementRun:
    connector = catalogue.connector(channel_code)
    with _opened(region, connector, kind, day_on, path, asking, clock=clock) as (file, source, lies_with_nation):
        with region_tx(region) as tx:
            kept = reconciliation.keep_statement(
                tx,
                channel_code=channel_code,
                kind=kind,
                day_on=day_on,
                source=source,
                file=file,
                lies_with_nation=lies_with_nation,
                now=clock.now(),
            )
        was_known = kept.state in {StatementState.LOADED, StatementState.MATCHED}
        if not was_known:
            kept = _load(kept, connector, file, clock=clock, progress=progress)
    if not kept.is_current:
        with region_tx(region) as tx:
            kept = reconciliation.bring_back(tx, kept, now=clock.now())
    if kind is StatementKind.TRADES:
        kept = _match(kept, connector, clock=clock)
    return StatementRun(statement=kept, was_known=was_known, counts=tuple(_counts(kept)))


def _counts(kept: Statement) -> list[reconciliation.VerdictCount]:
    return reconciliation.verdict_counts(kept) if kept.state is StatementState.MATCHED else []


@contextmanager
def _opened(
    region: RegionCode,
    connector: Connector,
    kind: StatementKind,
    day_on: date,
    path: Path | None,
    asking: Asking,
    *,
    clock: Clock,
) -> Iterator[tuple[BinaryIO | None, StatementSource, bool]]:
    """The file given, or the merchant's that the nation keeps, with its source and whether it lies there; no file when
    the channel says that nothing happened that day.
    """
    if path is not None:
        with path.open("rb") as given:
            yield given, StatementSource.BY_HAND, False
        return
    shared = had_statement(region, connector, kind, day_on, asking, clock=clock)
    with opened(shared) as file:
        yield file, shared.source, file is not None


def _load(
    kept: Statement, connector: Connector, file: BinaryIO | None, *, clock: Clock, progress: Progress | None
) -> Statement:
    """Every line of the file, or none and the reason."""
    try:
        if file is not None:
            file.seek(0)
        with region_tx(kept.region_code) as tx:
            return reconciliation.load_lines(
                tx,
                kept,
                connector.read_statement(kept.kind, file) if file is not None else iter(()),
                connector.account,
                now=clock.now(),
                progress=(lambda count: progress(kept.kind, count)) if progress is not None else None,
            )
    except CanbaoError as refused:
        with region_tx(kept.region_code) as tx:
            reconciliation.fail_statement(tx, kept.statement_id, refused, now=clock.now())
        raise


def _match(kept: Statement, connector: Connector, *, clock: Clock) -> Statement:
    """Give every line its verdict, then mend what mends itself; answers the statement as it is then."""
    taking_part = [found.region_code for found in policy.regions()]
    with region_tx(kept.region_code) as tx:
        kept = reconciliation.match_statement(tx, kept, regions=taking_part, now=clock.now())
    if kept.is_current:
        _settle_what_only_they_know(kept, connector, clock=clock)
        _leave_to_the_nation(kept, clock=clock)
        _ask_about_what_is_open(kept, clock=clock)
        _put_before_people(kept, clock=clock)
    return kept


def _settle_what_only_they_know(kept: Statement, connector: Connector, *, clock: Clock) -> None:
    """Payments that no notice told us of, and whose order is ours: settled now, through the same door."""
    after = ""
    while page := reconciliation.to_settle(kept.region_code, kept.channel_code, kept.statement_id, after=after):
        after = page[-1].subject
        now = clock.now()
        with region_tx(kept.region_code) as tx:
            judged = settle_captures(tx, [_seen(kept, connector, found) for found in page], now=now)
            recorded = [found.subject for found, item in zip(page, judged, strict=True) if item.verdict in RECORDED]
            reconciliation.heal(tx, kept.statement_id, recorded, Heal.SETTLED, now=now)


def _seen(kept: Statement, connector: Connector, found: Difference) -> payments.Seen:
    account = connector.account
    return payments.Seen(
        channel_code=kept.channel_code,
        payment=reconciliation.payment_of(found, merchant_ref=account.merchant_ref, app_ref=account.app_ref),
        learned_from="statement",
        subject_id=found.matter_id(kept.channel_code, kept.day_on),
    )


def _leave_to_the_nation(kept: Statement, *, clock: Clock) -> None:
    """Money under a number of nobody's, told of by a notice, is kept by the nation and stands before a person there."""
    if kept.region_code == NATION:
        return
    after = ""
    while page := reconciliation.standing(kept.region_code, kept.statement_id, [Verdict.ONLY_THEIRS], after=after):
        after = page[-1].subject
        known = reconciliation.captured_among(NATION, kept.channel_code, [found.trade_ref for found in page])
        there = [found.subject for found in page if found.refund_no == "" and found.trade_ref in known]
        with region_tx(kept.region_code) as tx:
            reconciliation.heal(tx, kept.statement_id, there, Heal.ELSEWHERE, now=clock.now())


def _ask_about_what_is_open(kept: Statement, *, clock: Clock) -> None:
    """Orders without an outcome that the statement does not tell of: asked about, and closed if unpaid.

    One that cannot be asked about holds up no other, and stays a difference.
    """
    after = ""
    while page := reconciliation.standing(kept.region_code, kept.statement_id, [Verdict.ONLY_OURS_OPEN], after=after):
        after = page[-1].subject
        for found in page:
            if found.order_id is None or found.refund_id is not None:
                continue
            try:
                asked = ask_now(kept.region_code, found.order_id, clock=clock)
            except Exception as failure:
                log.error("order_not_asked", region_code=kept.region_code, error=type(failure).__name__)
                continue
            if not asked.is_live:
                how = Heal.SETTLED if asked.state is payments.OrderState.SETTLED else Heal.CLOSED
                with region_tx(kept.region_code) as tx:
                    reconciliation.heal(tx, kept.statement_id, [found.subject], how, now=clock.now())


def _put_before_people(kept: Statement, *, clock: Clock) -> None:
    """Whatever stands after all that becomes a discrepancy; what was told of before is not told again."""
    after: str | None = ""
    while after is not None:
        with region_tx(kept.region_code) as tx:
            after = reconciliation.raise_page(tx, kept, after=after, now=clock.now())
