"""The only file of payments that runs SQL: rows in, rows out, named as the statements name them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import uuid7
from canbao.kernel.sql import Reader, Statements, Tx
from canbao.payments.rules import LOOK_AFTER
from canbao.payments.states import ORDER

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order as the table holds it, its request still sealed."""

    order_id: UUID
    order_no: str
    channel_code: str
    mode: str
    state: str
    amount_fen: int
    description: str
    agreement_version: str
    sealed: bytes
    opened_at: datetime
    expires_at: datetime
    opens: str
    opens_until: datetime | None
    trade_ref: str
    settled_at: datetime | None
    ended_at: datetime | None
    next_ask_at: datetime | None
    asked_count: int
    bill_ids: list[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedOrder:
    """What of a locked order decides about a capture."""

    order_id: UUID
    order_no: str
    state: str
    amount_fen: int
    channel_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRow:
    """A capture recorded earlier."""

    capture_id: UUID
    order_no: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRow:
    """A capture to record."""

    id: UUID
    channel_code: str
    trade_ref: str
    order_no: str
    order_id: UUID | None
    amount_fen: int
    happened_at: Instant
    learned_from: str
    disposition: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case to open."""

    id: UUID
    case_no: str
    kind: str
    order_no: str
    subject_id: UUID
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """A notice to keep."""

    id: UUID
    channel_code: str
    notice_ref: str
    event: str
    order_no: str
    trade_ref: str
    amount_fen: int
    currency: str
    merchant_ref: str
    app_ref: str
    happened_at: Instant
    headers: dict[str, str]
    body: bytes
    received_at: Instant
    refund_no: str
    refund_ref: str
    fate: str
    captured_fen: int
    account_tail: str


def read_order(
    reader: Reader, *, order_id: UUID | None = None, order_no: str | None = None, token_digest: bytes | None = None
) -> OrderRow | None:
    """An order by exactly one of its three names."""
    if order_id is not None:
        return reader.one(statements["read_order"], OrderRow, order_id=order_id)
    if order_no is not None:
        return reader.one(statements["read_order_by_no"], OrderRow, order_no=order_no)
    return reader.one(statements["read_order_by_token"], OrderRow, token_digest=token_digest)


def move_orders(tx: Tx, event: str, order_ids: Sequence[UUID], *, cause: str, ends: bool, now: Instant) -> list[UUID]:
    """Move orders along an edge and leave a row for each that moved; answers those.

    `ends` says that the edge ends them unpaid: then they are looked at again by `rules.LOOK_AFTER`.
    """
    moved: list[tuple[UUID, int]] = tx.tuples(
        statements["move_orders"],
        order_ids=sorted(order_ids),
        sources=ORDER.sources(event),
        target=ORDER.target(event),
        ends=ends,
        look_at=now + LOOK_AFTER[0],
        now=now,
    )
    insert_events(tx, event, moved, [cause] * len(moved), now=now)
    return [order_id for order_id, _ in moved]


def settle_orders(tx: Tx, order_ids: Sequence[UUID], trade_refs: Sequence[str], *, now: Instant) -> list[UUID]:
    """Settle live orders and leave a row for each; answers those that moved."""
    moved: list[tuple[UUID, int]] = tx.tuples(
        statements["settle_orders"],
        order_ids=list(order_ids),
        trade_refs=list(trade_refs),
        sources=ORDER.sources("settle"),
        target=ORDER.target("settle"),
        now=now,
    )
    causes = dict(zip(order_ids, trade_refs, strict=True))
    insert_events(tx, "settle", moved, [causes[order_id] for order_id, _ in moved], now=now)
    return [order_id for order_id, _ in moved]


def insert_events(
    tx: Tx, event: str, moved: Sequence[tuple[UUID, int]], causes: Sequence[str], *, now: Instant
) -> None:
    """History rows of one event: orders, each with the number of the move as its order counts it, and their causes."""
    if moved:
        tx.run(
            statements["insert_events"],
            ids=sorted((uuid7(now) for _ in moved), key=attrgetter("int")),
            order_ids=[order_id for order_id, _ in moved],
            move_nos=[move_no for _, move_no in moved],
            causes=[cause[:100] for cause in causes],
            event=event,
            target=ORDER.target(event) if event in ORDER.events else "",
            now=now,
        )


def insert_captures(tx: Tx, captures: Sequence[CaptureRow], *, now: Instant) -> None:
    """Record captures."""
    if captures:
        tx.run(
            statements["insert_captures"],
            ids=[row.id for row in captures],
            channel_codes=[row.channel_code for row in captures],
            trade_refs=[row.trade_ref for row in captures],
            order_nos=[row.order_no for row in captures],
            order_ids=[row.order_id for row in captures],
            amounts_fen=[row.amount_fen for row in captures],
            happened_ats=[row.happened_at for row in captures],
            learned_from=[row.learned_from for row in captures],
            dispositions=[row.disposition for row in captures],
            reasons=[row.reason for row in captures],
            now=now,
        )


def insert_cases(tx: Tx, cases: Sequence[CaseRow], *, now: Instant) -> None:
    """Open cases; one that is open already stays as it is."""
    if cases:
        tx.run(
            statements["insert_discrepancies"],
            ids=[row.id for row in cases],
            case_nos=[row.case_no for row in cases],
            kinds=[row.kind for row in cases],
            order_nos=[row.order_no for row in cases],
            subject_ids=[row.subject_id for row in cases],
            expecteds=[row.expected[:200] for row in cases],
            founds=[row.found[:200] for row in cases],
            now=now,
        )


def insert_notices(tx: Tx, notices: Sequence[NoticeRow]) -> int:
    """Keep notices; answers how many were new."""
    return tx.run(
        statements["insert_notices"],
        ids=[row.id for row in notices],
        channel_codes=[row.channel_code for row in notices],
        notice_refs=[row.notice_ref for row in notices],
        events=[row.event for row in notices],
        order_nos=[row.order_no for row in notices],
        trade_refs=[row.trade_ref for row in notices],
        amounts_fen=[row.amount_fen for row in notices],
        currencies=[row.currency for row in notices],
        merchant_refs=[row.merchant_ref for row in notices],
        app_refs=[row.app_ref for row in notices],
        happened_ats=[row.happened_at for row in notices],
        headers=[json.dumps(row.headers) for row in notices],
        bodies=[row.body for row in notices],
        received_ats=[row.received_at for row in notices],
        refund_nos=[row.refund_no for row in notices],
        refund_refs=[row.refund_ref for row in notices],
        fates=[row.fate for row in notices],
        captureds_fen=[row.captured_fen for row in notices],
        account_tails=[row.account_tail for row in notices],
    )
