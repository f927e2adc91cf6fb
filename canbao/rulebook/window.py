"""Whether money is taken on a day: the collection window, what follows when it is missed, and when nothing is taken
at all.

A window that no source gives is never guessed: its verdict is `not_published`, pages show the sentence beside it,
and nobody can pay. The same holds where the amounts are only sample data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from canbao.kernel.money import Fen
from canbao.rulebook.newborn import newborn_days
from canbao.rulebook.parameters import Late, RegionYear
from canbao.rulebook.sourced import NotPublished, Source, Words


class WindowState(StrEnum):
    """What is true of a day. Money is taken in `open` and `late` only."""

    NOT_OPEN = "not_open"
    OPEN = "open"
    LATE = "late"
    CLOSED = "closed"
    NOT_PUBLISHED = "not_published"


PAYABLE = frozenset({WindowState.OPEN, WindowState.LATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowVerdict:
    """The verdict on a day. `closes_on` and `late_until_on` are the last days that count.

    `obstacles` say why nothing is taken although days may be known; `full_fen` is what is due without government
    subsidy from `full_from_on` on, where the region says so: the assessed bill no longer fits then and the counter
    takes over.
    """

    state: WindowState
    opens_on: date | None
    closes_on: date | None
    late_until_on: date | None
    late_wait_months: int | None
    source: Source
    obstacles: tuple[Words, ...] = ()
    note: Words | None = None
    full_fen: Fen | None = None
    full_from_on: date | None = None
    late_until_source: Source | None = None

    @property
    def is_payable(self) -> bool:
        """Whether money may be taken on that day."""
        return self.state in PAYABLE


def window_on(parameters: RegionYear, on: date, *, born_on: date | None = None) -> WindowVerdict:
    """The verdict on a day; with `born_on`, a newborn's own window is taken into account.

    Where anything stands in the way of taking money by these values (`RegionYear.obstacles`), the state is
    `not_published` and the days are given as far as they are known.
    """
    verdict = calendar_window_on(parameters, on, born_on=born_on)
    obstacles = parameters.obstacles()
    if not obstacles:
        return verdict
    return WindowVerdict(
        state=WindowState.NOT_PUBLISHED,
        opens_on=verdict.opens_on,
        closes_on=verdict.closes_on,
        late_until_on=verdict.late_until_on,
        late_wait_months=verdict.late_wait_months,
        source=verdict.source,
        obstacles=obstacles,
        note=obstacles[0],
        full_fen=verdict.full_fen,
        full_from_on=verdict.full_from_on,
        late_until_source=verdict.late_until_source,
    )


def calendar_window_on(parameters: RegionYear, on: date, *, born_on: date | None = None) -> WindowVerdict:
    """What the calendar alone says, whether or not money may be taken by these values."""
    newborn = None if born_on is None else _newborn_window(parameters, on, born_on)
    return newborn or _ordinary_window(parameters, on)


def due_period(parameters: RegionYear) -> tuple[int, int]:
    """First and last month of the due period (费款所属期), both counted, as yyyymm."""
    return parameters.due_period.first.value, parameters.due_period.last.value


def _ordinary_window(parameters: RegionYear, on: date) -> WindowVerdict:
    window = parameters.window
    late = None if isinstance(window.late, NotPublished) else window.late
    late_until = None if late is None or isinstance(late.until_on, NotPublished) else late.until_on.value
    opens = None if isinstance(window.opens_on, NotPublished) else window.opens_on
    closes = None if isinstance(window.closes_on, NotPublished) else window.closes_on
    state = _state(opens.value if opens else None, closes.value if closes else None, late_until, on)
    source_value = late.wait_months if late is not None and state is WindowState.LATE else closes or opens
    return WindowVerdict(
        state=state,
        opens_on=opens.value if opens else None,
        closes_on=closes.value if closes else None,
        late_until_on=late_until,
        late_wait_months=late.wait_months.value if late else None,
        source=parameters.source_of(source_value or parameters.notice_year),
        note=_note(parameters, state, late),
        full_fen=late.full_yuan.value if late and late.full_yuan else None,
        full_from_on=late.full_from_on.value if late and late.full_from_on else None,
        late_until_source=_late_until_source(parameters, late),
    )


def _late_until_source(parameters: RegionYear, late: Late | None) -> Source | None:
    if late is None or isinstance(late.until_on, NotPublished):
        return None
    return parameters.source_of(late.until_on)


def _late_until_note(late: Late) -> Words | None:
    return None if isinstance(late.until_on, NotPublished) else late.until_on.note


def _state(opens: date | None, closes: date | None, late_until: date | None, on: date) -> WindowState:
    if opens is None or closes is None:
        return WindowState.NOT_PUBLISHED
    if on < opens:
        return WindowState.NOT_OPEN
    if on <= closes:
        return WindowState.OPEN
    if late_until is not None and on <= late_until:
        return WindowState.LATE
    return WindowState.CLOSED


def _note(parameters: RegionYear, state: WindowState, late: Late | None) -> Words | None:
    """The sentence beside the verdict: what is not published, or the remark on the value that decided."""
    window = parameters.window
    match state:
        case WindowState.NOT_PUBLISHED:
            missing = next(edge for edge in (window.opens_on, window.closes_on) if isinstance(edge, NotPublished))
            return missing.not_published
        case WindowState.LATE:
            assert late is not None, "late is only reached by a published rule"
            return _late_until_note(late) or late.wait_months.note
        case WindowState.CLOSED:
            return window.late.not_published if isinstance(window.late, NotPublished) else None
        case _:
            return None


def _newborn_window(parameters: RegionYear, on: date, born_on: date) -> WindowVerdict | None:
    """The newborn's own window while it is open, or None where everybody's verdict stands.

    A child born in the insured year pays from birth on; one born the year before shares everybody's window, and its
    own begins to matter when that has ended.
    """
    days = newborn_days(parameters, born_on)
    if days is None or on < born_on:
        return None
    until = min(max(days.in_time_until, days.after_limit_until), parameters.cover_until_on)
    ordinary = _ordinary_window(parameters, on)
    shares = born_on.year < parameters.insured_year and ordinary.state not in (WindowState.LATE, WindowState.CLOSED)
    if on >= until or shares:
        return None
    limit = days.rules.limit_days or days.rules.limit_months or days.rules.paid_before
    assert limit is not None, "the file gives exactly one limit"
    last_on = until - timedelta(days=1)
    if ordinary.state is WindowState.OPEN and ordinary.closes_on is not None:
        last_on = max(last_on, ordinary.closes_on)
    return WindowVerdict(
        state=WindowState.OPEN,
        opens_on=born_on,
        closes_on=last_on,
        late_until_on=None,
        late_wait_months=None,
        source=parameters.source_of(limit),
        note=limit.note,
    )
