"""The statements of reconciliation that several of its files run: rows in, rows out, named as the tables name them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.sql import Statements, Tx
from canbao.reconciliation.states import STATEMENT

statements = Statements(__package__)

STATEMENTS_LOCK = 0x5253
"""The room's half of an advisory lock; the other half is the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """A statement as the table holds it."""

    statement_id: UUID
    channel_code: str
    kind: str
    day_on: date
    version_no: int
    digest: bytes
    size_bytes: int
    source: str
    state: str
    is_current: bool
    merchant_ref: str
    app_ref: str
    line_count: int
    payment_count: int
    payment_fen: int
    refund_count: int
    refund_fen: int
    fee_milli_fen: int
    failure_code: str
    failure_params: dict[str, str | int]
    received_at: datetime
    loaded_at: datetime | None
    matched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealedRow:
    """Which difference went away."""

    statement_id: UUID
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterOfRow:
    """What of a difference says which matter it is, and how it went away."""

    channel_code: str
    day_on: date
    subject: str
    line_no: int | None
    verdict: str
    kind: str
    trade_ref: str
    refund_no: str
    refund_ref: str
    heal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """How often a verdict was given, and healed in one way."""

    kind: str
    verdict: str
    heal: str
    is_line: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """What of a statement is no plain match: its lines, and the captures that none tells of, as the text of arrays."""

    unlike: str
    absent: str
    unlike_count: int
    pair_count: int
    told_count: int


def hold_statements(tx: Tx) -> None:
    """Let nobody else take in or match statements of the region until the transaction ends."""
    tx.scalars(statements["hold_statements"], lock_key=STATEMENTS_LOCK)


def lock_statement(tx: Tx, statement_id: UUID) -> StatementRow:
    """A statement, locked. Raises AssertionError when there is none: whoever asks has read it before."""
    row = tx.one(statements["lock_statement"], StatementRow, statement_id=statement_id)
    assert row is not None, "a statement does not vanish"
    return row


def record_move(tx: Tx, statement_id: UUID, move_no: int, *, event: str, target: str, cause: str, now: Instant) -> None:
    """Write a move of a statement down."""
    tx.run(
        statements["insert_statement_event"],
        statement_id=statement_id,
        move_no=move_no,
        event=event,
        target=target,
        cause=cause[:100],
        now=now,
    )


def note_failed(tx: Tx, statement_id: UUID, refused: CanbaoError) -> int | None:
    """Move a statement to `failed` with its reason; its count of moves, or None when it may not fail any more."""
    moved: list[int] = tx.scalars(
        statements["note_failed"],
        statement_id=statement_id,
        failure_code=refused.code,
        failure_params=json.dumps(dict(refused.params), ensure_ascii=False),
        sources=STATEMENT.sources("fail"),
        target=STATEMENT.target("fail"),
    )
    return moved[0] if moved else None


def note_loaded(tx: Tx, statement_id: UUID, *, merchant_ref: str, app_ref: str, now: Instant) -> int:
    """Move a statement to `loaded` with the sums of its lines; its count of moves."""
    (move_no,) = tx.scalars(
        statements["note_loaded"],
        statement_id=statement_id,
        merchant_ref=merchant_ref,
        app_ref=app_ref,
        sources=STATEMENT.sources("load"),
        target=STATEMENT.target("load"),
        now=now,
    )
    return int(move_no)


def note_matched(tx: Tx, statement_id: UUID, *, now: Instant) -> int | None:
    """Move a statement to `matched`; its count of moves, or None when it was there."""
    moved: list[int] = tx.scalars(
        statements["note_matched"],
        statement_id=statement_id,
        sources=STATEMENT.sources("match"),
        target=STATEMENT.target("match"),
        now=now,
    )
    return moved[0] if moved else None


def supersede(tx: Tx, row: StatementRow, *, now: Instant) -> list[HealedRow]:
    """Make a version the one that counts; what stood of the others stands no longer."""
    older: list[UUID] = tx.scalars(
        statements["supersede_versions"],
        channel_code=row.channel_code,
        kind=row.kind,
        day_on=row.day_on,
        statement_id=row.statement_id,
    )
    tx.run(statements["make_current"], statement_id=row.statement_id)
    if not older:
        return []
    return tx.rows(statements["heal_superseded"], HealedRow, statement_ids=older, now=now)


def heal(tx: Tx, statement_id: UUID, subjects: Sequence[str], *, how: str, now: Instant) -> list[HealedRow]:
    """Heal differences; answers those that still stood."""
    return tx.rows(
        statements["heal_differences"],
        HealedRow,
        statement_id=statement_id,
        subjects=list(subjects),
        heal=how,
        now=now,
    )
