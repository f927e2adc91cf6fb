"""Discrepancies as rows: locking, writing and moving them, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.sql import Statements, Tx

statements = Statements(__package__)

SYSTEM = "canbao"
"""Who moves what nobody moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterRow:
    """The newest discrepancy of a matter."""

    discrepancy_id: UUID
    matter_id: UUID
    generation: int
    state: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A discrepancy to write down, or the words that one has now."""

    id: UUID
    matter_id: UUID
    generation: int
    case_no: str
    kind: str
    detail: str
    channel_code: str
    day_on: date | None
    order_no: str
    trade_ref: str
    refund_no: str
    amount_fen: int | None
    ours: str
    theirs: str
    digest: bytes
    statement_id: UUID | None
    line_no: int | None
    opened_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedRow:
    """Where a discrepancy stands after a move, and its count of moves."""

    discrepancy_id: UUID
    state: str
    move_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A line of a discrepancy's history."""

    discrepancy_id: UUID
    move_no: int
    event: str
    target: str
    actor: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """A move as it was written down."""

    move_no: int
    event: str
    target: str
    actor: str
    cause: str
    recorded_at: datetime


def lock_matters(tx: Tx, matter_ids: Sequence[UUID]) -> dict[UUID, MatterRow]:
    """The newest discrepancy of each matter that has one, locked."""
    rows = tx.rows(statements["lock_matters"], MatterRow, matter_ids=list(matter_ids))
    return {row.matter_id: row for row in rows}


def insert(tx: Tx, rows: Sequence[NewRow], *, now: Instant) -> set[UUID]:
    """Write new discrepancies down; answers the ids of those that were new."""
    if not rows:
        return set()
    return set(
        tx.scalars(
            statements["insert_discrepancies"],
            ids=[row.id for row in rows],
            matter_ids=[row.matter_id for row in rows],
            generations=[row.generation for row in rows],
            case_nos=[row.case_no for row in rows],
            kinds=[row.kind for row in rows],
            details=[row.detail for row in rows],
            channel_codes=[row.channel_code for row in rows],
            days_on=[row.day_on for row in rows],
            order_nos=[row.order_no for row in rows],
            trade_refs=[row.trade_ref for row in rows],
            refund_nos=[row.refund_no for row in rows],
            amounts_fen=[row.amount_fen for row in rows],
            ours=[row.ours for row in rows],
            theirs=[row.theirs for row in rows],
            digests=[row.digest for row in rows],
            statement_ids=[row.statement_id for row in rows],
            line_nos=[row.line_no for row in rows],
            opened_ats=[row.opened_at for row in rows],
            now=now,
        )
    )


def renew(tx: Tx, rows: Sequence[NewRow]) -> list[MovedRow]:
    """Give discrepancies that stand, or were healed, the words of today."""
    if not rows:
        return []
    return tx.rows(
        statements["renew_discrepancies"],
        MovedRow,
        ids=[row.id for row in rows],
        kinds=[row.kind for row in rows],
        amounts_fen=[row.amount_fen for row in rows],
        ours=[row.ours for row in rows],
        theirs=[row.theirs for row in rows],
        digests=[row.digest for row in rows],
        statement_ids=[row.statement_id for row in rows],
        line_nos=[row.line_no for row in rows],
    )


def record_moves(tx: Tx, moves: Sequence[Move], *, now: Instant) -> None:
    """Write moves down."""
    if moves:
        tx.run(
            statements["insert_discrepancy_events"],
            discrepancy_ids=[move.discrepancy_id for move in moves],
            move_nos=[move.move_no for move in moves],
            events=[move.event for move in moves],
            targets=[move.target for move in moves],
            actors=[move.actor for move in moves],
            causes=[move.cause[:400] for move in moves],
            now=now,
        )
