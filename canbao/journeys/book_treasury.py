"""Bring the money of closed days into the treasury (入库): hand it over, and hear what the treasury says.

Only when the treasury has the money do the books say so, in the transaction that confirms it. What comes back stands
before people until it is handed over again.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from canbao.kernel.clock import Clock
from canbao.kernel.ids import Kind, derived_id, parse_no
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Booking, DiscrepancyKind, Raised


def book_treasury(region: RegionCode, channel_code: str, day_on: date, *, by: str, clock: Clock) -> list[Booking]:
    """Hand over what the closed days until `day_on` brought. Errors: `reconciliation.day_not_closed` when that day is
    open.
    """
    with region_tx(region) as tx:
        reconciliation.closed_day(region, channel_code, day_on)
        return reconciliation.book_days(tx, channel_code, day_on, by=by, now=clock.now())


def confirm_treasury(booking_no: str, *, by: str, treasury_ref: str, booked_on: date, clock: Clock) -> Booking:
    """The treasury has the money: the books say so too. Errors: those of `reconciliation.confirm_booking`."""
    number = parse_no(booking_no, Kind.BOOKING)
    now = clock.now()
    with region_tx(number.region_code) as tx:
        found = reconciliation.confirm_booking(
            tx, number.text, by=by, treasury_ref=treasury_ref, booked_on=booked_on, now=now
        )
        fact = ledger.TreasuryBooked(
            booking_id=found.booking_id,
            scheme_code=found.scheme_code,
            due_from=found.due_from,
            due_until=found.due_until,
            channel_code=found.channel_code,
            amount_fen=found.amount_fen,
            happened_at=now,
        )
        ledger.post(tx, [fact], now=now)
        return found


def return_treasury(booking_no: str, *, by: str, reason: str, clock: Clock) -> Booking:
    """The treasury sent it back: it stands before people. Errors: those of `reconciliation.return_booking`."""
    number = parse_no(booking_no, Kind.BOOKING)
    now = clock.now()
    with region_tx(number.region_code) as tx:
        found = reconciliation.return_booking(tx, number.text, by=by, reason=reason, now=now)
        told = Raised(
            matter_id=_matter_of(found.booking_id),
            kind=DiscrepancyKind.BOOKING_RETURNED,
            ours=f"{found.booking_no} {format_yuan(found.amount_fen)}",
            theirs=found.reason,
            amount_fen=found.amount_fen,
            channel_code=found.channel_code,
            trade_ref=found.booking_no,
        )
        reconciliation.raise_discrepancies(tx, [told], now=now)
        return found


def send_treasury_again(booking_no: str, *, by: str, cause: str, clock: Clock) -> Booking:
    """Hand over again what came back. Errors: those of `reconciliation.send_booking_again`."""
    number = parse_no(booking_no, Kind.BOOKING)
    now = clock.now()
    with region_tx(number.region_code) as tx:
        found = reconciliation.send_booking_again(tx, number.text, by=by, cause=cause, now=now)
        reconciliation.heal_discrepancies(tx, [_matter_of(found.booking_id)], cause="handed over again", now=now)
        return found


def _matter_of(booking_id: UUID) -> UUID:
    return derived_id("booking_returned", booking_id.hex)
