"""Time, said once: instants are UTC, civil dates are China's, and only a clock knows the present.

A clock is handed to whoever needs it. The platform can be run on a set business date (`CANBAO_CLOCK`): every process
then shifts by the same amount, so freshness checks, deadlines and windows keep agreeing with each other. Production
refuses a shift.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Protocol

from canbao.kernel.errors import Retry, declare

Instant = datetime
"""An aware datetime in UTC; columns and names end in `_at`."""

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China's civil time: one zone, no summer time since 1991."""

CLOCK_MALFORMED = declare(
    "kernel.clock_malformed",
    Retry.NEVER,
    "CANBAO_CLOCK 的值“{text}”不能用，请写成 1990 年以后的日期，如 2024-11-15，或 shift:-3600",
    "CANBAO_CLOCK is “{text}”; write a date such as 2024-11-15, or shift:-3600 (seconds), not before 1990",
)

YEAR_FIRST, YEAR_LAST = 1990, 2999
"""Business dates are of this platform's time; a clock set elsewhere is a slip of the pen."""

_SHIFT = re.compile(r"shift:([+-]?\d{1,11})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Clock(Protocol):
    """The present, as handed to journeys, rules and connectors."""

    def now(self) -> Instant:
        """The present instant, in UTC."""
        ...

    def today(self) -> date:
        """The civil date in China."""
        ...


class ShiftedClock:
    """The machine's clock moved by a fixed amount: the business date of a demonstration."""

    def __init__(self, shift: timedelta) -> None:
        self.shift = shift

    def now(self) -> Instant:
        """The present instant plus the shift."""
        return datetime.now(UTC) + self.shift

    def today(self) -> date:
        """The civil date in China at the shifted instant."""
        return civil_date(self.now())


class SystemClock(ShiftedClock):
    """The machine's own clock."""

    def __init__(self) -> None:
        super().__init__(timedelta(0))


class FixedClock:
    """A clock that stands still until it is advanced: for tests and the simulator."""

    def __init__(self, at: Instant) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> Instant:
        """The instant it was set to."""
        return self._at

    def today(self) -> date:
        """The civil date in China at that instant."""
        return civil_date(self._at)

    def advance(self, by: timedelta) -> None:
        """Move forward. Raises ValueError for a step back: time does not."""
        if by < timedelta(0):
            message = "a clock only moves forward"
            raise ValueError(message)
        self._at += by


def clock_from(setting: str | None) -> ShiftedClock:
    """The clock that `CANBAO_CLOCK` asks for.

    A date means: shift by whole days so that today in China is that date, the shift fixed now; `shift:<seconds>` means
    exactly that shift, which is what a parent process hands its children. Nothing means the machine's clock.

    Errors: `kernel.clock_malformed`.
    """
    text = (setting or "").strip()
    if not text:
        return SystemClock()
    try:
        found = ShiftedClock(_shift(text))
        is_of_our_time = YEAR_FIRST <= found.today().year <= YEAR_LAST
    except (ValueError, OverflowError) as malformed:
        raise CLOCK_MALFORMED(text=text[:30]) from malformed
    if not is_of_our_time:
        raise CLOCK_MALFORMED(text=text[:30])
    return found


def _shift(text: str) -> timedelta:
    """The shift that a setting asks for. Raises ValueError where it asks for none that can be read."""
    exact = _SHIFT.fullmatch(text)
    if exact is not None:
        return timedelta(seconds=int(exact.group(1)))
    if _DATE.fullmatch(text) is None:
        message = "neither a date nor a shift"
        raise ValueError(message)
    return timedelta(days=(date.fromisoformat(text) - SystemClock().today()).days)


def shift_setting(clock: ShiftedClock) -> str:
    """The `CANBAO_CLOCK` value that gives a child process exactly this clock; empty for the machine's own."""
    seconds = round(clock.shift.total_seconds())
    return f"shift:{seconds}" if seconds else ""


def civil_date(at: Instant) -> date:
    """The date in China at an instant.

    >>> civil_date(datetime(2024, 11, 14, 16, 0, tzinfo=UTC))
    datetime.date(2024, 11, 15)
    """
    return at.astimezone(BEIJING).date()


def start_of_day(on: date) -> Instant:
    """The instant at which a civil date begins in China."""
    return datetime.combine(on, time(), BEIJING).astimezone(UTC)


def add_months(on: date, months: int) -> date:
    """The same day some months later, or the last day of that month where it has no such day.

    >>> add_months(date(2024, 11, 30), 3)
    datetime.date(2025, 2, 28)
    """
    year, month0 = divmod(on.year * 12 + on.month - 1 + months, 12)
    for day in range(on.day, on.day - 4, -1):
        try:
            return date(year, month0 + 1, day)
        except ValueError:
            continue
    message = "every month has a day among the last four tried"
    raise AssertionError(message)
