"""Why bills cannot be paid just now, as refusals with their words: the lock, the amount, the window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from canbao.billing import public as billing
from canbao.billing.public import Bill, LockStatus
from canbao.journeys.foresee_cover import foresee_cover
from canbao.kernel.clock import BEIJING
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.rulebook.window import WindowState, WindowVerdict, window_on


def refuse_unlocked(status: LockStatus, bill: Bill | None) -> None:
    """Raise billing's code for a bill that could not be locked; silent for one that is."""
    if status in {LockStatus.LOCKED, LockStatus.EXISTS}:
        return
    if bill is None:
        raise billing.BILL_NOT_FOUND()
    raise _refusal(status, bill)


def _refusal(status: LockStatus, bill: Bill) -> CanbaoError:
    match status:
        case LockStatus.ALREADY_PAID:
            return billing.NOTHING_OWED(year=bill.insured_year)
        case LockStatus.MET_BY_SUBSIDY:
            return billing.PAID_BY_ASSISTANCE()
        case LockStatus.LOCKED_BY_OTHER:
            assert bill.locked_until is not None, "a locked bill says until when"
            return billing.LOCKED_BY_OPEN_ORDER(until=f"{bill.locked_until.astimezone(BEIJING):%H:%M}")
        case LockStatus.REGISTERED_ELSEWHERE:
            return billing.REGISTERED_ELSEWHERE()
        case LockStatus.AMOUNT_NOT_FINAL:
            return billing.AMOUNT_NOT_FINAL()
        case LockStatus.VOIDED:
            return billing.BILL_CANCELLED()
        case _:
            return billing.BILL_NOT_FOUND()


def refuse_another_amount(found_fen: Fen, expected_fen: Fen) -> None:
    """Raise `billing.amount_changed` when the bills no longer add up to what the payer was shown."""
    if found_fen != expected_fen:
        raise billing.AMOUNT_CHANGED(before=format_yuan(expected_fen), now=format_yuan(found_fen))


def refuse_outside_the_window(region: RegionCode, bills: Sequence[Bill], *, today: date) -> None:
    """Raise for the first bill that is not taken on this day by the values in force, or that would buy no day of cover.

    Errors: `billing.window_not_open`, `billing.window_closed`, `billing.window_not_published`, `billing.buys_no_cover`.
    """
    people = {found.person_id: found for found in registry.people(region, [bill.person_id for bill in bills])}
    for bill in bills:
        person = people[bill.person_id]
        parameters = policy.in_force(region, bill.scheme_code, bill.insured_year).parameters
        verdict = window_on(parameters, today, born_on=person.born_on)
        if not verdict.is_payable:
            raise _closed(verdict, bill)
        cover = foresee_cover(bill, person, parameters, paid_on=today)
        if cover is not None and cover.is_empty:
            raise billing.BUYS_NO_COVER(year=bill.insured_year)


def _closed(verdict: WindowVerdict, bill: Bill) -> CanbaoError:
    if verdict.state is WindowState.NOT_OPEN and verdict.opens_on is not None:
        return billing.WINDOW_NOT_OPEN(opens_on=verdict.opens_on.isoformat())
    closed_on = verdict.late_until_on or verdict.closes_on
    if verdict.state is WindowState.CLOSED and closed_on is not None:
        return billing.WINDOW_CLOSED(year=bill.insured_year, closed_on=closed_on.isoformat())
    return billing.WINDOW_NOT_PUBLISHED(year=bill.insured_year)
