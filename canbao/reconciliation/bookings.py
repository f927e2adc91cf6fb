"""Treasury bookings (入库): what closed days brought is handed to the treasury, which confirms it or sends it back.

A booking takes everything that the closed days until a day brought for one scheme and due period and that no other has
taken, corrections included; where refunds took more out than came in, nothing is booked until there is something again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from uuid import UUID

from canbao.kernel.clock import Instant, civil_date
from canbao.kernel.ids import Kind, make_no, parse_no, uuid7
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.reconciliation.booking_states import BOOKING, BookingState
from canbao.reconciliation.days import DAYS_LOCK
from canbao.reconciliation.discrepancy_rows import EventRow
from canbao.reconciliation.errors import (
    BOOKING_DAY_WRONG,
    BOOKING_NOT_FOUND,
    BOOKING_REF_MISSING,
    BOOKING_SAME_PERSON,
    BOOKING_WRONG_STATE,
)
from canbao.reconciliation.resolving import name_of, reason_of

statements = Statements(__package__)

REF_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Money on its way into the treasury. `treasury_ref` and `booked_on` are the treasury's, once it has the money;
    `reason` says why it sent the money back.
    """

    booking_id: UUID
    booking_no: str
    channel_code: str
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    state: BookingState
    treasury_ref: str
    booked_on: date | None
    sent_by: str
    confirmed_by: str
    reason: str
    sent_at: Instant

    @property
    def region_code(self) -> RegionCode:
        """The region, as the number says it."""
        return RegionCode(int(self.booking_no[:6]))


@dataclass(frozen=True, slots=True, kw_only=True)
class InTreasury:
    """How far an order's money of one scheme and due period has come. Everything is None while its day is open.

    `sent_at` is when it was handed over last; `returned_at` and `sent_again_at` are None where nothing ever came back.
    """

    scheme_code: str
    due_from: int
    closed_at: Instant | None
    booking_no: str | None
    state: str | None
    sent_at: Instant | None
    booked_on: date | None
    returned_at: Instant | None
    sent_again_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WayToTreasury:
    """How far all of an order's money has come. `booked_on` is the day on which the last of it was in the treasury.

    `returned_at` is set while some of it lies where the treasury sent it back to; `sent_again_at` when the last of what
    came back was handed over again: a day that is expected counts from there.
    """

    booked_on: date | None
    returned_at: Instant | None
    sent_again_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _BookableRow:
    day_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: int


def book_days(tx: Tx, channel_code: str, day_on: date, *, by: str, now: Instant) -> list[Booking]:
    """Hand to the treasury what the closed days until `day_on` brought and no booking took: one booking for each scheme
    and due period with something to book. Empty where there is nothing.
    """
    name = name_of(by)
    tx.scalars(statements["hold_days"], lock_key=DAYS_LOCK)
    rows = tx.rows(statements["list_bookable"], _BookableRow, channel_code=channel_code, day_on=day_on)
    made = []
    for _, group in groupby(rows, key=lambda row: (row.scheme_code, row.due_from)):
        days = list(group)
        if sum(row.amount_fen for row in days) > 0:
            made.append(_send(tx, channel_code, days, by=name, now=now))
    return made


def confirm_booking(tx: Tx, booking_no: str, *, by: str, treasury_ref: str, booked_on: date, now: Instant) -> Booking:
    """The treasury has the money, under its own reference. Another person than the sender says so.

    Errors: `reconciliation.booking_not_found`, `_wrong_state`, `_same_person`, `_ref_missing`, `_day_wrong`.
    """
    name = name_of(by)
    held = _lock(tx, booking_no)
    _require(held, "confirm")
    ref = treasury_ref.strip()
    if not 0 < len(ref) <= REF_LENGTH_MAX or not ref.isprintable():
        raise BOOKING_REF_MISSING()
    if name.casefold() == held.sent_by.casefold():
        raise BOOKING_SAME_PERSON(by=name)
    if not civil_date(held.sent_at) <= booked_on <= civil_date(now):
        raise BOOKING_DAY_WRONG(day=booked_on.isoformat())
    return _moved(tx, held, "confirm", by=name, cause=ref, treasury_ref=ref, booked_on=booked_on, now=now)


def return_booking(tx: Tx, booking_no: str, *, by: str, reason: str, now: Instant) -> Booking:
    """The treasury sent it back. Errors: `reconciliation.booking_not_found`, `_wrong_state`, and
    `discrepancy_without_reason`.
    """
    name, cause = name_of(by), reason_of(reason)
    return _moved(tx, _lock(tx, booking_no), "return", by=name, cause=cause, now=now)


def send_booking_again(tx: Tx, booking_no: str, *, by: str, cause: str, now: Instant) -> Booking:
    """Hand over again what came back, under the same number. Errors: as for returning."""
    name, words = name_of(by), reason_of(cause)
    return _moved(tx, _lock(tx, booking_no), "again", by=name, cause=words, now=now)


def bookings(
    region: RegionCode, states: Sequence[BookingState] = tuple(BookingState), *, limit: int = 1000
) -> list[Booking]:
    """Bookings of a region in some states, oldest first."""
    with reading(region) as reader:
        rows = reader.rows(
            statements["list_bookings"], Booking, states=[str(one) for one in states], booking_no="", limit=limit
        )
    return [_spoken(row) for row in rows]


def booking_by_no(text: str) -> Booking:
    """A booking by its printed number. Errors: those of reading a number, `reconciliation.booking_not_found`."""
    number = parse_no(text, Kind.BOOKING)
    with reading(number.region_code) as reader:
        rows = reader.rows(
            statements["list_bookings"],
            Booking,
            states=[str(one) for one in BookingState],
            booking_no=number.text,
            limit=1,
        )
    if not rows:
        raise BOOKING_NOT_FOUND()
    return _spoken(rows[0])


def booking_events_of(region: RegionCode, booking_id: UUID) -> list[EventRow]:
    """The history of a booking."""
    with reading(region) as reader:
        return reader.rows(statements["list_booking_events"], EventRow, booking_id=booking_id)


def treasury_of_order(region: RegionCode, order_id: UUID) -> list[InTreasury]:
    """How far a settled order's money has come, for each scheme and due period of its bills."""
    with reading(region) as reader:
        return reader.rows(statements["read_treasury_of_order"], InTreasury, order_id=order_id)


def way_to_treasury(region: RegionCode, order_id: UUID) -> WayToTreasury:
    """How far a settled order's money has come into the treasury, as a whole."""
    found = treasury_of_order(region, order_id)
    days = [one.booked_on for one in found if one.booked_on is not None]
    lying = [one.returned_at for one in found if one.state == BookingState.RETURNED and one.returned_at is not None]
    again = [one.sent_again_at for one in found if one.booked_on is None and one.sent_again_at is not None]
    return WayToTreasury(
        booked_on=max(days) if days and len(days) == len(found) else None,
        returned_at=max(lying, default=None),
        sent_again_at=max(again, default=None),
    )


def _send(tx: Tx, channel_code: str, days: Sequence[_BookableRow], *, by: str, now: Instant) -> Booking:
    region = tx.region
    assert region is not None, "bookings are regional"
    booking_id = uuid7(now)
    booking_no = make_no(region, Kind.BOOKING, booking_id)
    tx.run(
        statements["insert_booking"],
        booking_id=booking_id,
        booking_no=booking_no,
        channel_code=channel_code,
        scheme_code=days[0].scheme_code,
        due_from=days[0].due_from,
        due_until=max(row.due_until for row in days),
        amount_fen=sum(row.amount_fen for row in days),
        state=str(BookingState.SENT),
        sent_by=by,
        now=now,
    )
    tx.run(
        statements["insert_booking_days"],
        booking_id=booking_id,
        scheme_code=days[0].scheme_code,
        due_from=days[0].due_from,
        day_ids=[row.day_id for row in days],
        amounts_fen=[row.amount_fen for row in days],
    )
    _record(tx, booking_id, 1, "book", BookingState.SENT, by, "", now=now)
    return _lock(tx, booking_no)


def _lock(tx: Tx, booking_no: str) -> Booking:
    row = tx.one(statements["lock_booking"], Booking, booking_no=booking_no)
    if row is None:
        raise BOOKING_NOT_FOUND()
    return _spoken(row)


def _require(held: Booking, event: str) -> None:
    if held.state not in BOOKING.sources(event):
        raise BOOKING_WRONG_STATE(booking_no=held.booking_no, state=str(held.state), act=event)


def _moved(
    tx: Tx,
    held: Booking,
    event: str,
    *,
    by: str,
    cause: str,
    treasury_ref: str = "",
    booked_on: date | None = None,
    now: Instant,
) -> Booking:
    _require(held, event)
    (move_no,) = tx.scalars(
        statements["move_booking"],
        booking_id=held.booking_id,
        event=event,
        target=BOOKING.target(event),
        sources=BOOKING.sources(event),
        actor=by,
        cause=cause,
        treasury_ref=treasury_ref,
        booked_on=booked_on,
        now=now,
    )
    _record(tx, held.booking_id, int(move_no), event, BOOKING.target(event), by, cause, now=now)
    return _lock(tx, held.booking_no)


def _record(
    tx: Tx, booking_id: UUID, move_no: int, event: str, target: str, by: str, cause: str, *, now: Instant
) -> None:
    tx.run(
        statements["insert_booking_event"],
        booking_id=booking_id,
        move_no=move_no,
        event=event,
        target=str(target),
        actor=by,
        cause=cause[:200],
        now=now,
    )


def _spoken(row: Booking) -> Booking:
    """The row with its state as a member of our list."""
    return replace(row, state=BookingState(row.state))
