"""Notices: kept as they came, before they are acknowledged; judged afterwards, each exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from canbao.channels.interface import Notice, NoticeEvent, Payment
from canbao.kernel.clock import Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, derived_id, parse_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.sql import Statements, Tx, national_reading, reading
from canbao.payments import store
from canbao.payments.captures import Seen

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeToKeep:
    """A verified notice with its raw bytes and headers as they came."""

    channel_code: str
    notice: Notice
    headers: Mapping[str, str]
    body: bytes
    received_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedNotice:
    """A kept notice that waits for its verdict, locked for this worker. `seen` is None when it tells of no payment."""

    notice_id: UUID
    seen: Seen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClaimedRow:
    notice_id: UUID
    channel_code: str
    event: str
    order_no: str
    trade_ref: str
    amount_fen: int
    currency: str
    merchant_ref: str
    app_ref: str
    happened_at: Instant


def region_of_notice(notice: Notice) -> RegionCode:
    """Where a notice belongs:

    the region its order number begins with, or the nation when the number is none of ours.
    """
    if notice.payment is None:
        return NATION
    try:
        return parse_no(notice.payment.order_no, Kind.ORDER).region_code
    except CanbaoError:
        return NATION


def keep_notices(tx: Tx, notices: Sequence[NoticeToKeep]) -> int:
    """Keep notices of one region; answers how many were new. A repetition, also inside the batch, is kept once."""
    rows = {row.id: row for row in map(_row, notices)}
    return store.insert_notices(tx, [rows[notice_id] for notice_id in sorted(rows)])


def claim_notices(tx: Tx, *, limit: int) -> list[ClaimedNotice]:
    """Notices without a verdict, oldest first, locked until the transaction ends."""
    return [_claimed(row) for row in tx.rows(statements["claim_notices"], _ClaimedRow, limit=limit)]


def close_notices(tx: Tx, verdicts: Mapping[UUID, str], *, now: Instant) -> None:
    """Write the verdict of each claimed notice."""
    if verdicts:
        tx.run(statements["close_notices"], notice_ids=list(verdicts), verdicts=list(verdicts.values()), now=now)


def regions_with_kept_notices() -> list[RegionCode]:
    """Regions with notices that wait for a verdict."""
    with national_reading() as reader:
        return [RegionCode(found) for found in reader.scalars(statements["list_regions_kept"])]


def notice_to_settled_ms(region: RegionCode, order_no: str) -> int | None:
    """Milliseconds from the first notice's arrival to the order's settlement;

    None when it has no notice or is not settled.
    """
    with reading(region) as reader:
        found: list[int] = reader.scalars(statements["read_notice_to_settled"], order_no=order_no)
    return found[0] if found else None


def _row(kept: NoticeToKeep) -> store.NoticeRow:
    notice, payment = kept.notice, kept.notice.payment
    facts = (
        kept.channel_code,
        notice.notice_ref,
        notice.event,
        payment.order_no if payment is not None else "",
        payment.trade_ref if payment is not None else "",
        payment.amount_fen if payment is not None else 0,
        payment.currency if payment is not None else "",
        payment.merchant_ref if payment is not None else "",
        payment.app_ref if payment is not None else "",
    )
    return store.NoticeRow(
        id=derived_id("notice", *facts),
        channel_code=kept.channel_code,
        notice_ref=notice.notice_ref[:64],
        event=str(notice.event),
        order_no=str(facts[3])[:64],
        trade_ref=str(facts[4])[:64],
        amount_fen=int(facts[5]),
        currency=str(facts[6])[:8],
        merchant_ref=str(facts[7])[:64],
        app_ref=str(facts[8])[:64],
        happened_at=notice.happened_at,
        headers=dict(kept.headers),
        body=kept.body,
        received_at=kept.received_at,
    )


def _claimed(row: _ClaimedRow) -> ClaimedNotice:
    if row.event != NoticeEvent.PAYMENT:
        return ClaimedNotice(notice_id=row.notice_id, seen=None)
    payment = Payment(
        order_no=row.order_no,
        trade_ref=row.trade_ref,
        amount_fen=Fen(row.amount_fen),
        currency=row.currency,
        merchant_ref=row.merchant_ref,
        app_ref=row.app_ref,
        happened_at=row.happened_at,
        payer_ref="",
    )
    seen = Seen(channel_code=row.channel_code, payment=payment, learned_from="notice", subject_id=row.notice_id)
    return ClaimedNotice(notice_id=row.notice_id, seen=seen)
