"""Notices: kept as they came, before they are acknowledged; judged afterwards, each exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from canbao.channels.interface import Notice, NoticeEvent, Payment, RefundFate, RefundTold
from canbao.kernel.clock import Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, derived_id, parse_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.sql import Statements, Tx, national_reading, reading
from canbao.payments import store
from canbao.payments.captures import Seen
from canbao.payments.refund_words import RefundSeen, account_tail

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
    """A kept notice that waits for its verdict, locked for this worker, with the payment or refund that it tells of."""

    notice_id: UUID
    seen: Seen | None = None
    refund: RefundSeen | None = None


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
    refund_no: str
    refund_ref: str
    fate: str
    captured_fen: int
    account_tail: str


def region_of_notice(notice: Notice) -> RegionCode:
    """Where a notice belongs:

    the region its order or refund number begins with, or the nation when the number is none of ours.
    """
    number, kind = "", Kind.ORDER
    if notice.refund is not None:
        number, kind = notice.refund.refund_no, Kind.REFUND
    elif notice.payment is not None:
        number = notice.payment.order_no
    try:
        return parse_no(number, kind).region_code
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What a notice tells of money, taken or sent back; all empty when it tells of neither."""

    order_no: str = ""
    trade_ref: str = ""
    amount_fen: int = 0
    currency: str = ""
    merchant_ref: str = ""
    app_ref: str = ""
    refund_no: str = ""
    refund_ref: str = ""
    fate: str = ""
    captured_fen: int = 0
    account_tail: str = ""


def _told(notice: Notice) -> _Told:
    if notice.refund is not None:
        refund = notice.refund
        return _Told(
            order_no=refund.order_no,
            trade_ref=refund.trade_ref,
            amount_fen=refund.amount_fen,
            currency=refund.currency,
            merchant_ref=refund.merchant_ref,
            refund_no=refund.refund_no,
            refund_ref=refund.refund_ref,
            fate=str(refund.fate),
            captured_fen=refund.captured_fen,
            account_tail=account_tail(refund.received_account),
        )
    if notice.payment is None:
        return _Told()
    payment = notice.payment
    return _Told(
        order_no=payment.order_no,
        trade_ref=payment.trade_ref,
        amount_fen=payment.amount_fen,
        currency=payment.currency,
        merchant_ref=payment.merchant_ref,
        app_ref=payment.app_ref,
    )


def _row(kept: NoticeToKeep) -> store.NoticeRow:
    notice, told = kept.notice, _told(kept.notice)
    facts: tuple[str | int, ...] = (
        kept.channel_code,
        notice.notice_ref,
        notice.event,
        told.order_no,
        told.trade_ref,
        told.amount_fen,
        told.currency,
        told.merchant_ref,
        told.app_ref,
    )
    if notice.refund is not None:
        facts = (*facts, told.refund_no, told.refund_ref, told.fate, told.captured_fen)
    return store.NoticeRow(
        id=derived_id("notice", *facts),
        channel_code=kept.channel_code,
        notice_ref=notice.notice_ref[:64],
        event=str(notice.event),
        order_no=told.order_no[:64],
        trade_ref=told.trade_ref[:64],
        amount_fen=told.amount_fen,
        currency=told.currency[:8],
        merchant_ref=told.merchant_ref[:64],
        app_ref=told.app_ref[:64],
        happened_at=notice.happened_at if notice.refund is None else notice.refund.happened_at,
        headers=dict(kept.headers),
        body=kept.body,
        received_at=kept.received_at,
        refund_no=told.refund_no[:64],
        refund_ref=told.refund_ref[:64],
        fate=told.fate,
        captured_fen=told.captured_fen,
        account_tail=told.account_tail,
    )


def _claimed(row: _ClaimedRow) -> ClaimedNotice:
    match row.event:
        case NoticeEvent.PAYMENT:
            return ClaimedNotice(notice_id=row.notice_id, seen=_seen(row))
        case NoticeEvent.REFUND if row.refund_no:
            return ClaimedNotice(notice_id=row.notice_id, refund=_refund_seen(row))
        case _:
            return ClaimedNotice(notice_id=row.notice_id)


def _seen(row: _ClaimedRow) -> Seen:
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
    return Seen(channel_code=row.channel_code, payment=payment, learned_from="notice", subject_id=row.notice_id)


def _refund_seen(row: _ClaimedRow) -> RefundSeen:
    told = RefundTold(
        refund_no=row.refund_no,
        refund_ref=row.refund_ref,
        order_no=row.order_no,
        trade_ref=row.trade_ref,
        amount_fen=Fen(row.amount_fen),
        captured_fen=Fen(row.captured_fen),
        currency=row.currency,
        merchant_ref=row.merchant_ref,
        fate=RefundFate(row.fate),
        happened_at=row.happened_at,
        received_account=row.account_tail,
    )
    return RefundSeen(channel_code=row.channel_code, told=told, learned_from="notice", subject_id=row.notice_id)
