"""Tell everything that happened to one order, from every room, in time order. Reads only, and names nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from canbao.billing import public as billing
from canbao.coverage import public as coverage
from canbao.documents import public as documents
from canbao.kernel.clock import Instant, start_of_day
from canbao.kernel.ids import Kind, parse_no
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.payments.public import Order
from canbao.reconciliation import public as reconciliation


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that happened: when, in which part of the books, what, and its numbers."""

    at: Instant
    source: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTold:
    """An order's number with its whole history; `order` is None where no order of ours has the number."""

    region_code: RegionCode
    order_no: str
    order: Order | None
    lines: tuple[Told, ...]


def tell_order(order_no: str) -> OrderTold:
    """Everything about an order's number. Errors: those of reading a number."""
    number = parse_no(order_no, Kind.ORDER)
    region = number.region_code
    order = payments.order_by_no(number.text)
    told = [*_of_payments(region, number.text), *_of_discrepancies(region, number.text)]
    if order is not None:
        told += [*_of_books(order), *_of_what_followed(order)]
    return OrderTold(
        region_code=region,
        order_no=number.text,
        order=order,
        lines=tuple(sorted(told, key=lambda one: one.at)),
    )


def _of_payments(region: RegionCode, order_no: str) -> Iterator[Told]:
    for one in payments.story_of(region, order_no):
        yield Told(at=one.at, source=one.source, what=one.what, detail=one.detail)
    for line in reconciliation.lines_of_order(region, order_no):
        yield Told(at=line.at, source=line.source, what=line.what, detail=line.detail)


def _of_discrepancies(region: RegionCode, order_no: str) -> Iterator[Told]:
    states = list(reconciliation.DiscrepancyState)
    for found in reconciliation.discrepancies(region, states, order_no=order_no):
        for move in reconciliation.discrepancy_events_of(region, found.discrepancy_id):
            what = f"{found.detail or found.kind}: {move.event} → {move.target}"
            detail = f"{found.case_no} by {move.actor} {move.cause}".rstrip()
            yield Told(at=move.recorded_at, source="discrepancy", what=what, detail=detail)


def _of_books(order: Order) -> Iterator[Told]:
    for moved in ledger.transfers_of_order(order.region_code, order.order_id):
        accounts = f"{moved.debit_account_code} ← {moved.credit_account_code}"
        yield Told(
            at=moved.recorded_at,
            source="transfer",
            what=str(moved.kind),
            detail=f"{format_yuan(moved.amount_fen)} {accounts}",
        )


def _of_what_followed(order: Order) -> Iterator[Told]:
    """Bills, cover, the vouchers, and the way into the treasury."""
    region = order.region_code
    bills = {bill.bill_id: bill for bill in billing.bills(region, order.bill_ids)}
    moves = billing.moves_of_order(region, order.bill_ids, order.order_id)
    for move in moves:
        bill = bills[move.bill_id]
        detail = f"{bill.bill_no} {bill.scheme_code} {bill.due_from}-{bill.due_until}"
        yield Told(at=move.recorded_at, source="bill", what=f"{move.event} → {move.state}", detail=detail)
    for undone in billing.undone(region, order.bill_ids):
        if undone.order_id == order.order_id:
            detail = f"{bills[undone.bill_id].bill_no} -{format_yuan(undone.amount_fen)}"
            yield Told(at=undone.recorded_at, source="bill", what="negative record", detail=detail)
    # Another order may have paid a bill that this one held: its cover is none of ours.
    paid = [move.bill_id for move in moves if move.event == "pay"]
    for cover in coverage.moves_of_bills(region, [bills[one].person_id for one in paid], paid):
        detail = f"{bills[cover.bill_id].bill_no} {cover.from_on} until {cover.until_on} {cover.reason}".rstrip()
        yield Told(at=cover.recorded_at, source="cover", what=f"{cover.event} → {cover.state}", detail=detail)
    for voucher in documents.vouchers_of(region, order.order_id):
        yield Told(at=voucher.issued_at, source="voucher", what="issued", detail=voucher.voucher_no)
        if voucher.voided_at is not None:
            detail = f"{voucher.voucher_no} {voucher.void_reason}"
            yield Told(at=voucher.voided_at, source="voucher", what="voided", detail=detail)
    for one in reconciliation.treasury_of_order(region, order.order_id):
        due = f"{one.scheme_code} {one.due_from}"
        if one.closed_at is not None:
            yield Told(at=one.closed_at, source="day", what="closed", detail=due)
        if one.returned_at is not None:
            yield Told(at=one.returned_at, source="treasury", what="returned", detail=f"{one.booking_no} {due}")
        if one.sent_at is not None:
            yield Told(at=one.sent_at, source="treasury", what="sent", detail=f"{one.booking_no} {due}")
        if one.booked_on is not None:
            at_booked = max(start_of_day(one.booked_on), one.sent_at or start_of_day(one.booked_on))
            yield Told(at=at_booked, source="treasury", what="booked", detail=f"{one.booking_no} on {one.booked_on}")
