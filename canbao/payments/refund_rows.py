"""Refunds as rows: reading, locking, moving and scheduling them, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import uuid7
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Reader, Statements, Tx
from canbao.payments.states import OPEN_REFUNDS, REFUND, RefundState

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as its journey, its operators and its page see it. Instants are UTC, money is fen.

    `steps` says which rule and source allowed it, as it was when it was asked for; `next_step` what a person does next
    while it waits by hand; `account_tail` the last digits of the account that got the money, where the channel said."""

    refund_id: UUID
    refund_no: str
    capture_id: UUID
    order_id: UUID | None
    order_no: str
    channel_code: str
    trade_ref: str
    captured_fen: Fen
    amount_fen: Fen
    reason: str
    note: str
    is_automatic: bool
    from_suspense: bool
    undoes: str
    bill_after: str
    steps: list[dict[str, Any]]
    event_on: date | None
    state: RefundState
    asked_by: str
    checked_by: str
    approved_by: str
    asked_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None
    deadline_at: datetime
    next_step: str
    foreign_code: str
    refund_ref: str
    account_tail: str
    succeeded_at: datetime | None
    replaces_id: UUID | None
    is_withdrawn: bool
    next_ask_at: datetime | None
    ask_count: int

    @property
    def is_open(self) -> bool:
        """Whether its deadline still counts."""
        return self.state in OPEN_REFUNDS

    @property
    def region_code(self) -> RegionCode:
        """The region, as the number says it."""
        return RegionCode(int(self.refund_no[:6]))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRefund:
    """A refund to write down."""

    id: UUID
    refund_no: str
    capture_id: UUID
    order_id: UUID | None
    order_no: str
    channel_code: str
    trade_ref: str
    captured_fen: Fen
    amount_fen: Fen
    reason: str
    note: str
    is_automatic: bool
    from_suspense: bool
    undoes: str
    bill_after: str
    steps: str
    event_on: date | None
    state: RefundState
    asked_by: str
    checked_by: str
    approved_by: str
    asked_at: Instant
    approved_at: Instant | None
    deadline_at: Instant
    replaces_id: UUID | None
    next_ask_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One refund's move along an edge: who or what moved it and why, and what the channel said with it."""

    refund_id: UUID
    actor: str
    cause: str
    next_ask_at: Instant | None = None
    happened_at: Instant | None = None
    next_step: str = ""
    foreign_code: str = ""
    refund_ref: str = ""
    account_tail: str = field(default="", repr=False)
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When a refund is asked about next, and what the channel said of it meanwhile."""

    refund_id: UUID
    at: Instant
    next_step: str = ""
    foreign_code: str = ""
    refund_ref: str = ""


def read(
    reader: Reader,
    *,
    refund_ids: Sequence[UUID] = (),
    refund_nos: Sequence[str] = (),
    order_nos: Sequence[str] = (),
) -> list[Refund]:
    """Refunds by id, by number, or of orders, in the order they were asked for."""
    return _stated(
        reader.rows(
            statements["read_refunds"],
            Refund,
            refund_ids=list(refund_ids),
            refund_nos=list(refund_nos),
            order_nos=list(order_nos),
        )
    )


def lock(tx: Tx, *, refund_ids: Sequence[UUID] = (), refund_nos: Sequence[str] = ()) -> list[Refund]:
    """Refunds by id or number, locked until the transaction ends, in key order."""
    return _stated(
        tx.rows(statements["lock_refunds"], Refund, refund_ids=sorted(refund_ids), refund_nos=sorted(set(refund_nos)))
    )


def in_states(reader: Reader, states: Sequence[RefundState], *, before: Instant, limit: int) -> list[Refund]:
    """Refunds in some states whose deadline lies before an instant, the nearest deadline first."""
    return _stated(
        reader.rows(
            statements["list_refunds"], Refund, states=[str(state) for state in states], before=before, limit=limit
        )
    )


def insert(tx: Tx, refunds: Sequence[NewRefund], *, event: str, actor: str, now: Instant) -> None:
    """Write refunds down, each with the first row of its history."""
    if not refunds:
        return
    tx.run(
        statements["insert_refunds"],
        ids=[new.id for new in refunds],
        refund_nos=[new.refund_no for new in refunds],
        capture_ids=[new.capture_id for new in refunds],
        order_ids=[new.order_id for new in refunds],
        order_nos=[new.order_no for new in refunds],
        channel_codes=[new.channel_code for new in refunds],
        trade_refs=[new.trade_ref for new in refunds],
        captureds_fen=[new.captured_fen for new in refunds],
        amounts_fen=[new.amount_fen for new in refunds],
        reasons=[new.reason for new in refunds],
        notes=[new.note for new in refunds],
        are_automatic=[new.is_automatic for new in refunds],
        are_from_suspense=[new.from_suspense for new in refunds],
        undoes=[new.undoes for new in refunds],
        bill_afters=[new.bill_after for new in refunds],
        steps=[new.steps for new in refunds],
        event_ons=[new.event_on for new in refunds],
        states=[str(new.state) for new in refunds],
        asked_bys=[new.asked_by for new in refunds],
        checked_bys=[new.checked_by for new in refunds],
        approved_bys=[new.approved_by for new in refunds],
        asked_ats=[new.asked_at for new in refunds],
        approved_ats=[new.approved_at for new in refunds],
        deadline_ats=[new.deadline_at for new in refunds],
        replaces_ids=[new.replaces_id for new in refunds],
        next_ask_ats=[new.next_ask_at for new in refunds],
        now=now,
    )
    moves = [(new.id, 1, actor, new.reason, str(new.state)) for new in refunds]
    _insert_events(tx, event, moves, now=now)


def move(tx: Tx, event: str, moves: Sequence[Move], *, now: Instant) -> list[UUID]:
    """Move refunds along an edge and leave a row for each that moved; answers those."""
    if not moves:
        return []
    moved: list[tuple[UUID, int]] = tx.tuples(
        statements["move_refunds"],
        refund_ids=[one.refund_id for one in moves],
        actors=[one.actor for one in moves],
        happened_ats=[one.happened_at for one in moves],
        next_steps=[one.next_step for one in moves],
        foreign_codes=[one.foreign_code[:64] for one in moves],
        refund_refs=[one.refund_ref for one in moves],
        account_tails=[one.account_tail for one in moves],
        are_withdrawn=[one.is_withdrawn for one in moves],
        next_ask_ats=[one.next_ask_at for one in moves],
        event=event,
        target=REFUND.target(event),
        sources=REFUND.sources(event),
        now=now,
    )
    said = {one.refund_id: one for one in moves}
    rows = [
        (refund_id, move_no, said[refund_id].actor, said[refund_id].cause, REFUND.target(event))
        for refund_id, move_no in moved
    ]
    _insert_events(tx, event, rows, now=now)
    return [refund_id for refund_id, _ in moved]


def schedule(tx: Tx, due: Sequence[Due], states: Sequence[RefundState], *, is_asking: bool, now: Instant) -> None:
    """Say when refunds in some states are asked about next; `is_asking` counts the question."""
    if due:
        tx.run(
            statements["schedule_refunds"],
            refund_ids=[one.refund_id for one in due],
            ats=[one.at for one in due],
            next_steps=[one.next_step for one in due],
            foreign_codes=[one.foreign_code[:64] for one in due],
            refund_refs=[one.refund_ref for one in due],
            states=[str(state) for state in states],
            count=int(is_asking),
        )


def _stated(rows: list[Refund]) -> list[Refund]:
    """Rows whose states are states: the driver reads them as text."""
    return [replace(row, state=RefundState(row.state)) for row in rows]


def region_of(tx: Tx) -> RegionCode:
    """The region of a transaction on refunds."""
    assert tx.region is not None, "refunds are regional"
    return tx.region


def _insert_events(tx: Tx, event: str, moves: Sequence[tuple[UUID, int, str, str, str]], *, now: Instant) -> None:
    """History rows of one event: refunds, each with its count of moves, who moved it, why, and where to."""
    by_target: dict[str, list[tuple[UUID, int, str, str, str]]] = {}
    for one in moves:
        by_target.setdefault(one[4], []).append(one)
    for target, rows in by_target.items():
        tx.run(
            statements["insert_refund_events"],
            ids=[uuid7(now) for _ in rows],
            refund_ids=[row[0] for row in rows],
            move_nos=[row[1] for row in rows],
            actors=[row[2] for row in rows],
            causes=[row[3][:200] for row in rows],
            event=event,
            target=target,
            now=now,
        )
