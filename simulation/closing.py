"""The office of the afternoon: days of the channel are closed, and what they brought goes its way to the treasury.

Whoever closes takes a day that a number names: mostly yesterday, now and then one that is not over, not compared, or
closed already and to be corrected. The treasury takes its time, sends money back, and is told of by the wrong person.
"""

from __future__ import annotations

from datetime import date, timedelta

from canbao.journeys.book_treasury import book_treasury, confirm_treasury, return_treasury, send_treasury_again
from canbao.journeys.close_day import close_day
from canbao.journeys.reconcile_day import reconcile_day
from canbao.journeys.refund_grounds import regions_that_have_it_too
from canbao.journeys.refund_order import ask_refund
from canbao.journeys.resolve_discrepancy import (
    approve_resolution,
    propose_resolution,
    send_back_resolution,
    take_discrepancy,
)
from canbao.kernel.clock import civil_date
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import NATION
from canbao.payments import public as payments
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import (
    Act,
    Booking,
    BookingState,
    ClosedDay,
    Discrepancy,
    DiscrepancyKind,
    DiscrepancyState,
)
from canbao.rulebook.refund import RefundReason
from simulation.desk import PEOPLE
from simulation.town import NANCHANG
from simulation.world import World

CHANNEL = "wechat"
DAYS_AGO = (1, 1, 1, 2, 2, 3, 1, 4, 0)
WEEK = timedelta(days=7)
ROUNDS_MAX = 4
"""How often a day is tried to be closed: what stands, what its fund statement shows, and what that brings to light."""

STANDS = ("reconciliation.day_has_discrepancies", "reconciliation.day_not_explained")


def shut(world: World, which: int) -> str:
    """Somebody closes a day; which, and where it stands in its chain."""
    region = NATION if which % 8 == 0 else NANCHANG
    day_on = civil_date(world.now) - timedelta(days=DAYS_AGO[which % len(DAYS_AGO)])
    reason = "what was learned of late" if which % 2 else ""
    return _told(close_day(region, CHANNEL, day_on, by=_person(which), reason=reason, clock=world.clock))


def book(world: World, which: int) -> str:
    """Somebody hands over what closed days brought, or hears what the treasury says of it."""
    waiting = reconciliation.bookings(NANCHANG, (BookingState.SENT, BookingState.RETURNED))
    if waiting and which % 3:
        return _hear(world, waiting[which % len(waiting)], which)
    closed = reconciliation.closed_days(NANCHANG, CHANNEL)
    if not closed:
        return "no day is closed"
    day_on = max(one.row.day_on for one in closed) + timedelta(days=which % 7 == 0)
    made = book_treasury(NANCHANG, CHANNEL, day_on, by=_person(which), clock=world.clock)
    return ", ".join(f"{one.booking_no} {one.amount_fen}" for one in made) or "nothing to book"


def _hear(world: World, found: Booking, which: int) -> str:
    by, clock = _person(which), world.clock
    if found.state is BookingState.RETURNED:
        after = send_treasury_again(found.booking_no, by=by, cause="the account was named anew", clock=clock)
    elif which % 4 == 0:
        after = return_treasury(found.booking_no, by=by, reason="another account", clock=clock)
    else:
        on = civil_date(world.now) - timedelta(days=which % 5 == 0)
        after = confirm_treasury(found.booking_no, by=by, treasury_ref=f"T{which}", booked_on=on, clock=clock)
    return f"{after.booking_no} {found.state} -> {after.state}"


def finish_a_day(world: World, day_on: date) -> str:
    """A day at its end: the channel is asked for its files once more, two people resolve whatever stands then and the
    day is closed; the case that has waited longest is resolved, the treasury confirms what it was sent before, and what
    the closed days brought is on its way there.

    The first day of the week of which anything stands comes before `day_on`. A day that was compared and of which
    nothing stands any more can be closed: that it cannot is a trouble.
    """
    standing = {
        one.day_on for one in reconciliation.discrepancies(NANCHANG) if one.channel_code == CHANNEL and one.day_on
    }
    day_on = min((day for day in standing if day >= civil_date(world.now) - WEEK), default=day_on)
    try:
        return _finish(world, day_on)
    except CanbaoError as refused:
        if refused.code != "reconciliation.day_not_compared":
            world.troubles.append(f"{day_on} cannot be closed: {refused.code}")
        return refused.code
    except Exception as failure:
        world.troubles.append(f"{day_on} cannot be closed: {type(failure).__name__}: {failure}"[:300])
        return type(failure).__name__


def _finish(world: World, day_on: date) -> str:
    # The files were perhaps fetched while the channel still said otherwise, and somebody has believed them since.
    reconcile_day(NANCHANG, CHANNEL, day_on, clock=world.clock)
    closed = _close_whole(world, day_on)
    world.finished.add(day_on)
    for region in (NATION, NANCHANG):
        cases = [one for one in reconciliation.discrepancies(region) if one.kind is DiscrepancyKind.CASE]
        for found in cases[:1]:
            _resolve_by_two(world, found)
    for booking in reconciliation.bookings(NANCHANG, (BookingState.RETURNED,)):
        send_treasury_again(booking.booking_no, by=PEOPLE[0], cause="named anew", clock=world.clock)
    for booking in reconciliation.bookings(NANCHANG, (BookingState.SENT,)):
        by = next(person for person in PEOPLE if person != booking.sent_by)
        ref, today = f"T{booking.booking_no[-8:]}", civil_date(world.now)
        confirm_treasury(booking.booking_no, by=by, treasury_ref=ref, booked_on=today, clock=world.clock)
    book_treasury(NANCHANG, CHANNEL, day_on, by=PEOPLE[0], clock=world.clock)
    return _told(closed)


def _close_whole(world: World, day_on: date) -> ClosedDay:
    for left in reversed(range(ROUNDS_MAX)):
        try:
            return close_day(NANCHANG, CHANNEL, day_on, by=PEOPLE[0], reason="the last look at it", clock=world.clock)
        except CanbaoError as refused:
            if refused.code not in STANDS or not left:
                raise
        for found in reconciliation.discrepancies(NANCHANG, day_on=day_on):
            _resolve_by_two(world, found)
    raise AssertionError("unreachable")


def _resolve_by_two(world: World, found: Discrepancy) -> None:
    clock = world.clock
    if found.kind is DiscrepancyKind.CASE:
        _ask_back_what_waits(world, found)
    if found.state is DiscrepancyState.OPEN:
        found = take_discrepancy(found.case_no, by=PEOPLE[0], clock=clock)
    if found.state is DiscrepancyState.PROPOSED and found.act != Act.EXPLAINED:
        # What was proposed may have been true then: a refund that was rejected since, say.
        found = send_back_resolution(found.case_no, by=PEOPLE[0], cause="it came otherwise", clock=clock)
    if found.state is DiscrepancyState.TAKEN:
        found = propose_resolution(
            found.case_no, by=found.owner, act=Act.EXPLAINED, reason="found out at last", clock=clock
        )
    if found.state is DiscrepancyState.PROPOSED:
        by = next(person for person in PEOPLE if person != found.proposed_by)
        approve_resolution(found.case_no, by=by, clock=clock)


def _ask_back_what_waits(world: World, found: Discrepancy) -> None:
    """Ask for what waits in suspense under the number of a case: no word resolves it before."""
    for capture in payments.refundables_of(found.region_code, found.order_no):
        if capture.suspense_fen > 0 and not regions_that_have_it_too(found.region_code, capture):
            ask_refund(
                found.region_code,
                found.order_no,
                reason=RefundReason.UNKNOWN_ORDER,
                quoted_left_fen=capture.left_fen,
                trade_ref=capture.trade_ref,
                by=PEOPLE[0],
                clock=world.clock,
            )


def _told(closed: ClosedDay) -> str:
    row = closed.row
    where = f"version {row.version_no} place {row.place} {'new' if closed.is_new else 'as it was'}"
    return f"{closed.region_code} {row.day_on:%m-%d} {where} {closed.link_hash[:12]}"


def _person(which: int) -> str:
    return PEOPLE[which % len(PEOPLE)]


__all__ = ["book", "finish_a_day", "shut"]
