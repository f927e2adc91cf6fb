"""Whether bills may be paid today, by the values in force: the window of each, as a refusal with its words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from canbao.billing import public as billing
from canbao.billing.public import Bill
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.rulebook.window import WindowState, WindowVerdict, window_on


def refuse_outside_the_window(region: RegionCode, bills: Sequence[Bill], *, today: date) -> None:
    """Raise one of `billing.window_*` for the first bill that is not taken on this day, by the values in force."""
    born_on = {found.person_id: found.born_on for found in registry.people(region, [bill.person_id for bill in bills])}
    for bill in bills:
        parameters = policy.in_force(region, bill.scheme_code, bill.insured_year).parameters
        verdict = window_on(parameters, today, born_on=born_on.get(bill.person_id))
        if not verdict.is_payable:
            raise _closed(verdict, bill)


def _closed(verdict: WindowVerdict, bill: Bill) -> CanbaoError:
    if verdict.state is WindowState.NOT_OPEN and verdict.opens_on is not None:
        return billing.WINDOW_NOT_OPEN(opens_on=verdict.opens_on.isoformat())
    closed_on = verdict.late_until_on or verdict.closes_on
    if verdict.state is WindowState.CLOSED and closed_on is not None:
        return billing.WINDOW_CLOSED(year=bill.insured_year, closed_on=closed_on.isoformat())
    return billing.WINDOW_NOT_PUBLISHED(year=bill.insured_year)
