"""Counting days, months and ages as the rules do. Pure: the day is always handed in, and no clock is known here."""

from __future__ import annotations

from datetime import date, timedelta


def months_after(on: date, months: int) -> date:
    """The same day some months later, or the last day of that month where it has no such day.

    >>> months_after(date(2025, 11, 30), 3)
    datetime.date(2026, 2, 28)
    """
    year, month0 = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month0 + 1, min(on.day, _days_in(year, month0 + 1)))


def first_of_next_month(on: date) -> date:
    """The first day of the month after.

    >>> first_of_next_month(date(2025, 12, 31))
    datetime.date(2026, 1, 1)
    """
    return months_after(on.replace(day=1), 1)


def age_in_years(born_on: date, on: date) -> int:
    """Completed years of life on a day; negative before birth. Someone born on 29 February completes a year on 1
    March.

    >>> age_in_years(date(1955, 1, 2), date(2025, 1, 1)), age_in_years(date(1955, 1, 1), date(2025, 1, 1))
    (69, 70)
    """
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def _days_in(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day
