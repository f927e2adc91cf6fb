"""Newborns (新生儿): within which limit they are in time, which years their family may choose, and until when they
may pay.

A newborn enrolled in time is covered from birth; one born shortly before the end of a year may choose the birth
year, the next year, or both (two bills, two due periods). Limits and consequences differ by region and are
parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from canbao.rulebook.calendar_days import months_after
from canbao.rulebook.parameters import Newborn, RegionYear, SourcedStart
from canbao.rulebook.sourced import NotPublished


class NewbornChoice(StrEnum):
    """Which years a family chose to pay for."""

    BIRTH_YEAR = "birth_year"
    NEXT_YEAR = "next_year"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewbornDays:
    """The days that matter for one newborn and one insured year. The `_until` days are half-open; None: no such
    rule.
    """

    rules: Newborn
    in_time_until: date
    after_limit: SourcedStart | None
    after_limit_until: date


def newborn_days(parameters: RegionYear, born_on: date) -> NewbornDays | None:
    """The newborn's days for this insured year, or None where the newborn rules do not reach.

    They reach children born in the insured year or in the year before: the next year's fee may be theirs by choice,
    and the time in which no wait follows (a year in some regions) crosses into it.
    """
    rules = parameters.newborn
    if isinstance(rules, NotPublished) or born_on.year not in (parameters.insured_year - 1, parameters.insured_year):
        return None
    in_time_until = _in_time_until(rules, born_on)
    if isinstance(rules.after_limit_start, NotPublished) or isinstance(rules.after_limit_until_months, NotPublished):
        return NewbornDays(rules=rules, in_time_until=in_time_until, after_limit=None, after_limit_until=in_time_until)
    return NewbornDays(
        rules=rules,
        in_time_until=in_time_until,
        after_limit=rules.after_limit_start,
        after_limit_until=max(in_time_until, months_after(born_on, rules.after_limit_until_months.value)),
    )


def newborn_choices(parameters: RegionYear, born_on: date) -> tuple[NewbornChoice, ...]:
    """What the family may choose for a child born in this insured year; empty for a child born in another year.

    Born fewer than `choice_days` days before the last day of cover: birth year, next year or both. Otherwise the
    birth year.
    """
    if born_on.year != parameters.insured_year or isinstance(parameters.newborn, NotPublished):
        return ()
    days = parameters.newborn.choice_days
    if not isinstance(days, NotPublished) and (parameters.cover.last_on.value - born_on).days < days.value:
        return (NewbornChoice.BIRTH_YEAR, NewbornChoice.NEXT_YEAR, NewbornChoice.BOTH)
    return (NewbornChoice.BIRTH_YEAR,)


def insured_years_of(choice: NewbornChoice, born_on: date) -> tuple[int, ...]:
    """The insured years that a choice pays for: one bill and one due period each."""
    birth, following = born_on.year, born_on.year + 1
    years = {
        NewbornChoice.BIRTH_YEAR: (birth,),
        NewbornChoice.NEXT_YEAR: (following,),
        NewbornChoice.BOTH: (birth, following),
    }
    return years[choice]


def _in_time_until(rules: Newborn, born_on: date) -> date:
    """The day after the last day that is in time. Day 90 after birth is still "within 90 days"."""
    if rules.limit_days is not None:
        return born_on + timedelta(days=rules.limit_days.value + 1)
    if rules.limit_months is not None:
        return months_after(born_on, rules.limit_months.value) + timedelta(days=1)
    assert rules.paid_before is not None, "the file gives exactly one limit"
    month, day = rules.paid_before.value.split("-")
    return date(born_on.year, int(month), int(day))
