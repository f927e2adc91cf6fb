"""Counting days, months and ages as the rules do. Pure: the day is always handed in, and no clock is known here."""

from __future__ import annotations

from datetime import date, timedelta

WORKING_DAYS_OF_A_WEEK = 5


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


def working_days_after(on: date, count: int) -> date:
    """The day that is so many Mondays to Fridays after a day; the day itself for none.

    Public holidays are not known here, because no source of them is kept: over one of them the day found is early.

    >>> working_days_after(date(2024, 11, 15), 1), working_days_after(date(2024, 11, 15), 15)
    (datetime.date(2024, 11, 18), datetime.date(2024, 12, 6))
    """
    # Counted from a weekend as from the Friday before it, so that whole weeks can be taken at once.
    weekend = max(0, on.weekday() - WORKING_DAYS_OF_A_WEEK + 1) if count else 0
    weeks, days = divmod(count, WORKING_DAYS_OF_A_WEEK)
    found = on + timedelta(weeks=weeks, days=-weekend)
    while days:
        found += timedelta(days=1)
        days -= found.weekday() < WORKING_DAYS_OF_A_WEEK
    return found


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
