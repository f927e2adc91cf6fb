"""Open an order over bills and hand its payer to a channel.

The order is written down, and its bills locked to it, before the channel hears a word; what the channel answers is
written down afterwards. If this process dies in between, the order is there to be asked about, and the same number is
used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from canbao.billing import public as billing
from canbao.channels import catalogue
from canbao.channels.interface import Device, Mode, Outcome, Placed
from canbao.journeys.payability import refuse_another_amount, refuse_outside_the_window, refuse_unlocked
from canbao.kernel import idempotency
from canbao.kernel.clock import Clock, Instant
from canbao.kernel.ids import uuid7
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import Order

SCOPE = "pay_bills"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays, as far as an anonymous page knows, and by what: the channel, its mode, the device and its address."""

    channel_code: str
    mode: Mode
    device: Device
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the channel sends its notice, and where the wallet leads back to;

    the order's page is `<order_page>/<token>`.
    """

    notify_url: str
    order_page: str


def pay_bills(
    region: RegionCode,
    bill_ids: Sequence[UUID],
    *,
    payer: Payer,
    addresses: Addresses,
    agreement_version: str,
    expected_fen: Fen,
    idempotency_key: str,
    clock: Clock,
) -> Order:
    """Open one order over the bills and place it with the payer's channel; answers the order.

    A bill that stands twice in the list is paid once. The same key with the same bills answers the same order, also
    when two requests race. When the channel turned the order down the answer is a closed order, when it said nothing
    an unknown one: neither is an error, both have a page.

    Errors: `billing.window_*` outside the window; one of billing's codes when a bill cannot be paid now;
    `billing.amount_changed` when the bills no longer add up to `expected_fen`; `payments.bills_count`;
    `idempotency.key_reused`; those of `catalogue.connector`. Nothing is changed then.
    """
    catalogue.connector(payer.channel_code)
    opened, is_new = _open(
        region,
        list(dict.fromkeys(bill_ids)),
        payer=payer,
        addresses=addresses,
        agreement_version=agreement_version,
        expected_fen=expected_fen,
        idempotency_key=idempotency_key,
        now=clock.now(),
        clock=clock,
    )
    return _place(opened, addresses, is_first=True, clock=clock) if is_new else opened


def open_wallet(found: Order, *, addresses: Addresses, clock: Clock) -> Order:
    """A fresh address of the wallet for an order that is still live, placed again with the same number and values.

    Answers the order as it is afterwards. An order that has ended, or whose time is over, is answered as it is.
    """
    if not found.is_live or clock.now() >= found.expires_at:
        return found
    return _place(found, addresses, is_first=False, clock=clock)


def _open(
    region: RegionCode,
    bill_ids: Sequence[UUID],
    *,
    payer: Payer,
    addresses: Addresses,
    agreement_version: str,
    expected_fen: Fen,
    idempotency_key: str,
    now: Instant,
    clock: Clock,
) -> tuple[Order, bool]:
    """Lock the bills and write the order down; answers it, and whether it is new."""
    asked = {"bills": sorted(map(str, bill_ids)), "channel": payer.channel_code, "amount_fen": expected_fen}
    with region_tx(region) as tx:
        kept = idempotency.remember(tx, SCOPE, idempotency_key, asked, now=now)
        if kept is not None:
            known = payments.order(region, UUID(kept["order_id"]))
            assert known is not None, "a kept answer names an order that was written with it"
            return known, False
        order_id = uuid7(now)
        bills = _lock(tx, bill_ids, order_id=order_id, expected_fen=expected_fen, now=now)
        refuse_outside_the_window(region, bills, today=clock.today())
        request = payments.OrderRequest(
            channel_code=payer.channel_code,
            mode=payer.mode,
            device=payer.device,
            lines=[_line(bill) for bill in bills],
            description=_description(bills),
            agreement_version=agreement_version,
            payer_address=payer.address,
            return_url=f"{addresses.order_page}/{payments.order_token(region, order_id)}",
        )
        opened = payments.open_order(tx, request, order_id=order_id, now=now)
        idempotency.keep(tx, SCOPE, idempotency_key, {"order_id": str(order_id)})
    return opened, True


def _lock(tx: Tx, bill_ids: Sequence[UUID], *, order_id: UUID, expected_fen: Fen, now: Instant) -> list[billing.Bill]:
    """Lock every bill to the order or raise for the first that cannot be; answers the bills in the order asked."""
    assert tx.region is not None, "bills are regional"
    statuses = billing.lock(tx, bill_ids, order_id=order_id, locked_until=now + payments.ORDER_LIFE, now=now)
    found = {bill.bill_id: bill for bill in billing.bills(tx.region, bill_ids)}
    for bill_id, status in zip(bill_ids, statuses, strict=True):
        refuse_unlocked(status, found.get(bill_id))
    refuse_another_amount(Fen(sum(found[bill_id].personal_fen for bill_id in bill_ids)), expected_fen)
    return [found[bill_id] for bill_id in bill_ids]


def _line(bill: billing.Bill) -> payments.Line:
    return payments.Line(
        bill_id=bill.bill_id,
        scheme_code=bill.scheme_code,
        due_from=bill.due_from,
        due_until=bill.due_until,
        amount_fen=bill.personal_fen,
        assistance_fen=bill.assistance_fen,
    )


def _description(bills: Sequence[billing.Bill]) -> str:
    """What the payer reads in the wallet: years and how many people, never who."""
    years = "、".join(str(year) for year in sorted({bill.insured_year for bill in bills}))
    return f"城乡居民基本医疗保险费 {years}年 {len(bills)}人"


def _place(found: Order, addresses: Addresses, *, is_first: bool, clock: Clock) -> Order:
    """Put a written order to its channel and write down what it said."""
    asked_at = clock.now()
    request = payments.request_of(found, notify_url=addresses.notify_url)
    placed = catalogue.connector(found.channel_code).place(request, now=asked_at)
    _hear(found, placed, is_first=is_first, asked_at=asked_at, now=clock.now())
    after = payments.order(found.region_code, found.order_id)
    assert after is not None, "an order does not vanish"
    return after


def _hear(found: Order, placed: Placed, *, is_first: bool, asked_at: Instant, now: Instant) -> None:
    with region_tx(found.region_code) as tx:
        payments.note_exchange(
            tx,
            found.order_id,
            "place",
            placed.outcome,
            placed.foreign_code,
            placed.evidence,
            asked_at=asked_at,
            now=now,
        )
        if placed.outcome is Outcome.CONFIRMED:
            assert placed.opens is not None, "a placed order has an address that opens the wallet"
            payments.move(tx, "place", [found.order_id], cause="place", now=now)
            payments.note_opens(tx, found.order_id, opens=placed.opens, opens_until=placed.opens_until)
        elif placed.outcome is Outcome.REFUSED and is_first:
            # Only the first request to place it can end an order; of one placed earlier a refusal says nothing.
            ended = payments.move(tx, "refuse", [found.order_id], cause=f"place: {placed.foreign_code}", now=now)
            billing.free(tx, ended, now=now)
        else:
            payments.move(tx, "lose", [found.order_id], cause=f"place: {placed.foreign_code}", now=now)
