"""The sandbox's own time.

A channel's world runs on one virtual clock: order life, the retry ladder of notices and every timestamp in a
signature are read from it. It starts at the machine's time, shifted as the environment variable `CANBAO_CLOCK` says
(so that the sandbox and the product agree on a set business date), and the control plane can move it on. Moving it
on by a day plays a day's worth of retries at once; nothing ever sleeps on virtual time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

YEAR_FIRST, YEAR_LAST = 1990, 2999
"""Years that virtual time may be set to at start."""

BEIJING = timezone(timedelta(hours=8), "UTC+08:00")


def machine_now() -> datetime:
    """The machine's instant in UTC; the only reading of real time in the sandbox."""
    return datetime.now(UTC)


def shift_of(setting: str, real_now: datetime) -> timedelta:
    """How far virtual time lies from real time for a value of `CANBAO_CLOCK`.

    An empty value is no shift; `YYYY-MM-DD` is the whole number of days that makes today in Beijing that date;
    `shift:SECONDS` is exactly that many seconds. Anything else raises `ValueError` with a sentence for the operator.

    >>> shift_of("2024-11-15", datetime(2024, 11, 17, 20, tzinfo=UTC))
    datetime.timedelta(days=-3)
    >>> shift_of("shift:-90", datetime(2024, 11, 17, tzinfo=UTC)).total_seconds()
    -90.0
    """
    text = setting.strip()
    if not text:
        return timedelta(0)
    try:
        if match := re.fullmatch(r"shift:([+-]?\d{1,12})", text):
            shift = timedelta(seconds=int(match.group(1)))
        else:
            shift = date.fromisoformat(text) - real_now.astimezone(BEIJING).date()
        if YEAR_FIRST <= (real_now + shift).year <= YEAR_LAST:
            return shift
    except (ValueError, OverflowError):
        pass
    message = (
        f"CANBAO_CLOCK is {text[:30]!r}; write a date like 2024-11-15, or shift:SECONDS such as shift:-86400, "
        f"not before {YEAR_FIRST}."
    )
    raise ValueError(message)


class VirtualClock:
    """Virtual time: a source of real time, a shift fixed at start, and whatever the control plane added since."""

    def __init__(self, *, shift: timedelta = timedelta(0), real_now: Callable[[], datetime] = machine_now) -> None:
        self._real_now = real_now
        self._shift = shift
        self._added = timedelta(0)

    def now(self) -> datetime:
        """The virtual instant, in UTC."""
        return self._real_now() + self._shift + self._added

    def advance(self, seconds: float) -> datetime:
        """Move on by `seconds` (never back: orders and notices only age) and return the new instant."""
        if seconds < 0:
            message = f"The clock cannot be advanced by {seconds} seconds; use a positive number, or set an instant."
            raise ValueError(message)
        self._added += timedelta(seconds=seconds)
        return self.now()

    def set(self, instant: datetime) -> datetime:
        """Make now this instant (it must carry an offset) and go on from there."""
        if instant.tzinfo is None:
            message = "The instant to set carries no offset; write for example 2024-11-15T09:00:00+08:00."
            raise ValueError(message)
        self._added += instant - self.now()
        return self.now()

    def shift_seconds(self) -> int:
        """Whole seconds between virtual and real time; a product started with `shift:<this>` agrees."""
        return round((self._shift + self._added).total_seconds())

    def forget_moves(self) -> None:
        """Take back what the control plane added; the shift fixed at start stays."""
        self._added = timedelta(0)


def to_ms(instant: datetime) -> int:
    """An instant as whole milliseconds since 1970 (UTC), the form in which the sandbox stores time."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    """The instant of so many milliseconds since 1970 (UTC)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def rfc3339(instant: datetime) -> str:
    """An instant as the channel prints it: Beijing time, whole seconds.

    >>> rfc3339(datetime(2024, 11, 15, 1, 2, 3, tzinfo=UTC))
    '2024-11-15T09:02:03+08:00'
    """
    return instant.astimezone(BEIJING).isoformat(timespec="seconds")


def parse_rfc3339(text: str) -> datetime:
    """The instant in an RFC 3339 text with an offset; `ValueError` where it is not one."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", text):
        message = f"{text!r} is not RFC 3339 such as 2024-11-15T09:00:00+08:00."
        raise ValueError(message)
    return datetime.fromisoformat(text)
