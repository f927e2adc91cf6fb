"""Decisions of the register that are not law: from when a changed line holds, which regions claim a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from canbao.kernel.regions import RegionCode


@dataclass(frozen=True, slots=True, kw_only=True)
class LineInForce:
    """The enrolment line that a file's row meets."""

    from_on: date
    is_same_but_for_its_end: bool


def line_begins_on(before: LineInForce | None, *, enrolled_on: date, until_on: date | None, today: date) -> date:
    """From when the line that a row states holds.

    A first line holds from its enrolment. A line that differs in its end alone restates the one before it. A line
    that differs otherwise, say in its category, holds from today: a register says what is so now, not what was wrong
    before. A line never begins after its own end.
    """
    if before is None:
        begins = enrolled_on
    elif before.is_same_but_for_its_end:
        begins = before.from_on
    elif until_on is not None and until_on <= today:
        begins = max(enrolled_on, before.from_on)
    else:
        begins = max(today, enrolled_on, before.from_on)
    return begins if until_on is None else min(begins, until_on)


def claimed_elsewhere(ends: Mapping[RegionCode, date | None], *, today: date) -> dict[RegionCode, bool]:
    """For each region that registers a person: whether another region's enrolment is also in force.

    `ends` gives each region's last day of enrolment (exclusive), None where it has no end.

    >>> claimed_elsewhere({RegionCode(360100): None, RegionCode(130100): date(2023, 1, 1)}, today=date(2024, 11, 15))
    {360100: False, 130100: True}
    """
    in_force = {region for region, until_on in ends.items() if until_on is None or until_on > today}
    return {region: bool(in_force - {region}) for region in ends}
