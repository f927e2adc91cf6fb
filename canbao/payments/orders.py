"""Orders: written down before anyone outside hears of them, moved only along the edges of `states.ORDER`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from canbao.channels.interface import Device, Evidence, Mode, Outcome, PlaceOrder
from canbao.kernel.clock import Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, make_no, parse_no, uuid7
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode, region_code
from canbao.kernel.sealing import digest, key_id_of, ring, row_context, seal, unseal
from canbao.kernel.sealing import reseal as resealed
from canbao.kernel.sql import Statements, Tx, national_reading, reading
from canbao.payments import rules, store
from canbao.payments.errors import BILLS_COUNT, ORDER_NOT_FOUND
from canbao.payments.states import LIVE, OrderState

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One bill of an order: what the payer pays for it, and the facts the books need."""

    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    assistance_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A line together with its order."""

    order_id: UUID
    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    assistance_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a payer asks for: which bills, over which channel, from which device."""

    channel_code: str
    mode: Mode
    device: Device
    lines: Sequence[Line]
    description: str
    agreement_version: str
    payer_address: str
    return_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as its page, its journey and its support desk see it. Instants are UTC, money is fen."""

    region_code: RegionCode
    order_id: UUID
    order_no: str
    token: str
    channel_code: str
    mode: Mode
    state: OrderState
    amount_fen: Fen
    bill_ids: tuple[UUID, ...]
    description: str
    agreement_version: str
    opened_at: Instant
    expires_at: Instant
    opens: str
    opens_until: Instant | None
    trade_ref: str
    settled_at: Instant | None
    ended_at: Instant | None
    next_ask_at: Instant | None
    asked_count: int

    @property
    def is_live(self) -> bool:
        """Whether the order holds its bills and may still be paid."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """A move of an order."""

    event: str
    target: str
    cause: str
    recorded_at: Instant


_TOKEN_PLACE = "{token}"
"""Stands for the order's secret in an address that is kept; braces stand in no address by themselves."""


def order_token(region: RegionCode, order_id: UUID) -> str:
    """The address of an order's page:

    the region and 128 bits that only our key makes, so it need not be kept to be said again.
    """
    secret = digest("order_token", f"{region}:{order_id}")[:16]
    return f"{region}-{base64.b32encode(secret).decode().rstrip('=').lower()}"


def open_order(tx: Tx, request: OrderRequest, *, order_id: UUID, now: Instant) -> Order:
    """Write an order down, `open`, with everything needed to place it again byte for byte.

    The caller has locked the bills for `order_id` in the same transaction. Errors: `payments.bills_count`.
    """
    if not 1 <= len(request.lines) <= rules.BILLS_MOST:
        raise BILLS_COUNT(most=rules.BILLS_MOST, found=len(request.lines))
    region = _region_of(tx)
    expires_at = (now + rules.ORDER_LIFE).replace(microsecond=0)
    order_no = make_no(region, Kind.ORDER, order_id)
    sealed = seal(
        {"payer_address": request.payer_address, "device": request.device, "return_url": request.return_url},
        context=row_context("payments_order", region, order_id),
    )
    amount = sum(line.amount_fen for line in request.lines)
    tx.run(
        statements["insert_order"],
        order_id=order_id,
        order_no=order_no,
        token_digest=_token_digest(order_token(region, order_id)),
        channel_code=request.channel_code,
        mode=request.mode,
        state=OrderState.OPEN,
        amount_fen=amount,
        description=request.description,
        agreement_version=request.agreement_version,
        sealed=sealed,
        sealed_key=key_id_of(sealed),
        now=now,
        expires_at=expires_at,
        next_ask_at=rules.next_ask_at(opened_at=now, expires_at=expires_at, now=now),
    )
    _insert_lines(tx, order_id, request.lines)
    store.insert_events(tx, "open", [(order_id, 1)], ["payer"], now=now)
    found = order(region, order_id)
    assert found is not None, "an order just written is there to be read"
    return found


def order(region: RegionCode, order_id: UUID) -> Order | None:
    """An order by its id."""
    with reading(region) as reader:
        return _order(region, store.read_order(reader, order_id=order_id))


def order_by_no(order_no: str) -> Order | None:
    """An order by its printed number, as typed. Errors: those of `kernel.ids.parse_no`."""
    parsed = parse_no(order_no, Kind.ORDER)
    with reading(parsed.region_code) as reader:
        return _order(parsed.region_code, store.read_order(reader, order_no=parsed.text))


def order_by_token(token: str) -> Order:
    """An order by the token in its page's address. Errors: `payments.order_not_found`, also for a malformed token."""
    head, dash, secret = token.partition("-")
    try:
        region = region_code(head)
    except CanbaoError as malformed:
        raise ORDER_NOT_FOUND() from malformed
    if not dash or len(secret) != 26 or not secret.isascii() or not secret.isalnum():
        raise ORDER_NOT_FOUND()
    with reading(region) as reader:
        found = _order(region, store.read_order(reader, token_digest=_token_digest(token)))
    if found is None:
        raise ORDER_NOT_FOUND()
    return found


def request_of(asked: Order, *, notify_url: str) -> PlaceOrder:
    """The order as it is put to its channel: the same values at every call."""
    with reading(asked.region_code) as reader:
        row = store.read_order(reader, order_id=asked.order_id)
    assert row is not None, "an order that was read is there to be read again"
    kept = unseal(row.sealed, context=row_context("payments_order", asked.region_code, asked.order_id))
    return PlaceOrder(
        order_no=asked.order_no,
        amount_fen=asked.amount_fen,
        description=asked.description,
        expires_at=asked.expires_at,
        payer_address=kept["payer_address"],
        mode=asked.mode,
        notify_url=notify_url,
        return_url=kept["return_url"] or None,
        device=Device(kept["device"]),
    )


def lines_of(region: RegionCode, order_ids: Sequence[UUID]) -> list[OrderLine]:
    """The lines of orders, an order's together and in the order they were listed."""
    with reading(region) as reader:
        return reader.rows(statements["read_lines"], OrderLine, order_ids=list(order_ids))


def events_of(region: RegionCode, order_id: UUID) -> list[OrderEvent]:
    """The moves of an order, in the order they happened."""
    with reading(region) as reader:
        return reader.rows(statements["read_events"], OrderEvent, order_id=order_id)


def note_exchange(
    tx: Tx,
    order_id: UUID,
    verb: str,
    outcome: Outcome,
    foreign_code: str,
    evidence: Evidence,
    *,
    asked_at: Instant,
    now: Instant,
) -> None:
    """Keep what was asked of a channel and what it said, believed or not."""
    tx.run(
        statements["insert_exchange"],
        id=uuid7(now),
        order_id=order_id,
        refund_id=None,
        verb=verb,
        outcome=outcome,
        foreign_code=foreign_code[:64],
        request=evidence.request,
        answer=evidence.answer,
        status=evidence.status,
        asked_at=asked_at,
        now=now,
    )


def note_opens(tx: Tx, order_id: UUID, *, opens: str, opens_until: Instant | None) -> None:
    """Keep the address at which the wallet opens.

    The way back in it holds the order's secret, which nobody who reads the table shall have: its place is kept instead.
    """
    kept = opens.replace(order_token(_region_of(tx), order_id), _TOKEN_PLACE)
    tx.run(statements["note_opens"], order_id=order_id, opens=kept, opens_until=opens_until)


def move(tx: Tx, event: str, order_ids: Sequence[UUID], *, cause: str, now: Instant) -> list[UUID]:
    """Move orders along an edge (`place`, `lose`, `refuse`, `close`, `expire`); answers those that could be moved.

    Orders that end unpaid are looked at again by `rules.LOOK_AFTER`. Settling is `captures.record`'s alone.
    """
    assert event != "settle", "an order settles with the capture that pays it"
    return store.move_orders(tx, event, order_ids, cause=cause, ends=event in {"refuse", "close", "expire"}, now=now)


def schedule(tx: Tx, asked: Order, *, now: Instant) -> None:
    """Ask about a live order again, by the steps of `rules.next_ask_at`."""
    at = rules.next_ask_at(opened_at=asked.opened_at, expires_at=asked.expires_at, now=now)
    tx.run(statements["schedule_ask"], order_id=asked.order_id, at=at)


def schedule_look(tx: Tx, ended: Order, *, was_answered: bool, now: Instant) -> None:
    """Look again at an order that ended unpaid: by `rules.LOOK_AFTER` once the channel has answered explicitly, and
    until it does every `rules.ASK_AGAIN_S` seconds.
    """
    assert ended.ended_at is not None, "only an ended order is looked at again"
    at: Instant | None = now + timedelta(seconds=rules.ASK_AGAIN_S)
    if was_answered:
        at = rules.next_look_at(ended_at=ended.ended_at, asked_at=now)
    tx.run(statements["schedule_ask"], order_id=ended.order_id, at=at)


def claim_to_ask(tx: Tx, *, now: Instant, limit: int) -> list[UUID]:
    """Take due orders to ask about, leased so that nobody else asks meanwhile."""
    claimed: list[UUID] = tx.scalars(statements["claim_to_ask"], now=now, limit=limit)
    _lease(tx, claimed, now=now)
    return claimed


def claim_one_to_ask(tx: Tx, order_id: UUID, *, now: Instant) -> bool:
    """Take one order that is still asked about at a payer's wish.

    Not if somebody asked in the last `rules.ASK_AT_MOST_EVERY_S` seconds.
    """
    not_since = now - timedelta(seconds=rules.ASK_AT_MOST_EVERY_S)
    claimed: list[UUID] = tx.scalars(statements["claim_one_to_ask"], order_id=order_id, not_since=not_since)
    _lease(tx, claimed, now=now)
    return bool(claimed)


def regions_to_ask(now: Instant) -> list[RegionCode]:
    """Regions with orders whose time to be asked about has come."""
    with national_reading() as reader:
        return [RegionCode(found) for found in reader.scalars(statements["list_regions_to_ask"], now=now)]


def reseal(tx: Tx, *, limit: int) -> int:
    """Re-seal orders that an older key sealed, at most `limit`; answers how many were found."""
    region, current = _region_of(tx), ring().current_id
    old: list[tuple[UUID, bytes]] = tx.tuples(statements["list_old_seals"], current=current, limit=limit)
    if old:
        seals = [resealed(sealed, context=row_context("payments_order", region, row_id)) for row_id, sealed in old]
        tx.run(statements["write_seals"], ids=[row_id for row_id, _ in old], seals=seals, current=current)
    return len(old)


def _lease(tx: Tx, order_ids: list[UUID], *, now: Instant) -> None:
    if order_ids:
        until = now + timedelta(seconds=rules.LEASE_S)
        tx.run(statements["lease_orders"], order_ids=order_ids, now=now, until=until)


def _insert_lines(tx: Tx, order_id: UUID, lines: Sequence[Line]) -> None:
    tx.run(
        statements["insert_lines"],
        order_id=order_id,
        bill_ids=[line.bill_id for line in lines],
        scheme_codes=[line.scheme_code for line in lines],
        due_froms=[line.due_from for line in lines],
        due_untils=[line.due_until for line in lines],
        amounts_fen=[line.amount_fen for line in lines],
        assistances_fen=[line.assistance_fen for line in lines],
    )


def _order(region: RegionCode, row: store.OrderRow | None) -> Order | None:
    if row is None:
        return None
    token = order_token(region, row.order_id)
    return Order(
        region_code=region,
        order_id=row.order_id,
        order_no=row.order_no,
        token=token,
        channel_code=row.channel_code,
        mode=Mode(row.mode),
        state=OrderState(row.state),
        amount_fen=Fen(row.amount_fen),
        bill_ids=tuple(row.bill_ids),
        description=row.description,
        agreement_version=row.agreement_version,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        opens=row.opens.replace(_TOKEN_PLACE, token),
        opens_until=row.opens_until,
        trade_ref=row.trade_ref,
        settled_at=row.settled_at,
        ended_at=row.ended_at,
        next_ask_at=row.next_ask_at,
        asked_count=row.asked_count,
    )


def _token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _region_of(tx: Tx) -> RegionCode:
    assert tx.region is not None, "orders are regional"
    return tx.region
