"""Discrepancies: raised by whoever finds something that does not fit, healed when it fits again.

The caller gives the matter's id, the same each time it tells of the same matter; so a statement that is read again, or
corrected, changes what is told of a discrepancy and makes no second one. What a person resolved stays resolved unless
one of the sides says something else afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx
from canbao.reconciliation import discrepancy_rows
from canbao.reconciliation.discrepancy_rows import SYSTEM, MatterRow, Move, NewRow
from canbao.reconciliation.discrepancy_rules import DiscrepancyKind
from canbao.reconciliation.discrepancy_states import DISCREPANCY, DiscrepancyState

statements = Statements(__package__)

TOLD_MAX = 400
REF_MAX = 64
DETAIL_MAX = 80


class RaiseStatus(StrEnum):
    """What became of something told.

    raised     it stands before people now
    exists     it stood already, with the same words
    renewed    it stood already; what the sides say has changed
    reopened   it had gone away and is there again
    resolved   a person resolved it, and neither side says anything else since
    """

    RAISED = "raised"
    EXISTS = "exists"
    RENEWED = "renewed"
    REOPENED = "reopened"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Something that does not fit. `matter_id` is the same whenever the same matter is told of.

    `ours` and `theirs` are what each side says, in words without personal data; `amount_fen` what is at stake, None
    where nobody can say. `detail` narrows the kind: the payment case's kind, or the auditor's name.
    """

    matter_id: UUID
    kind: DiscrepancyKind
    ours: str
    theirs: str
    amount_fen: Fen | None
    detail: str = ""
    channel_code: str = ""
    day_on: date | None = None
    order_no: str = ""
    trade_ref: str = ""
    refund_no: str = ""
    statement_id: UUID | None = None
    line_no: int | None = None
    opened_at: Instant | None = None
    """When it was found, if not now."""


def raise_discrepancies(tx: Tx, raised: Sequence[Raised], *, now: Instant) -> list[RaiseStatus]:
    """Put what does not fit before people; one status for each, in order. A matter told twice in one call is told once.

    Two transactions that tell of the same matter at once make one discrepancy.
    """
    region = _region_of(tx)
    telling = {item.matter_id: item for item in raised}
    known = discrepancy_rows.lock_matters(tx, sorted(telling))
    statuses: dict[UUID, RaiseStatus] = {}
    fresh: list[NewRow] = []
    changed: list[NewRow] = []
    for matter_id, item in telling.items():
        status, row = _judge(region, item, known.get(matter_id))
        statuses[matter_id] = status
        if status is RaiseStatus.RAISED:
            fresh.append(row)
        elif status in {RaiseStatus.RENEWED, RaiseStatus.REOPENED}:
            changed.append(row)
    new = discrepancy_rows.insert(tx, fresh, now=now)
    for row in fresh:
        if row.id not in new:
            statuses[row.matter_id] = RaiseStatus.EXISTS
    moves = [_move(row.id, 1, "open", DiscrepancyState.OPEN, row) for row in fresh if row.id in new]
    by_id = {row.id: row for row in changed}
    for moved in discrepancy_rows.renew(tx, changed):
        row = by_id[moved.discrepancy_id]
        event = "reopen" if statuses[row.matter_id] is RaiseStatus.REOPENED else "renew"
        moves.append(_move(row.id, moved.move_count, event, moved.state, row))
    discrepancy_rows.record_moves(tx, moves, now=now)
    return [statuses[item.matter_id] for item in raised]


def heal_discrepancies(tx: Tx, matter_ids: Sequence[UUID], *, cause: str, now: Instant) -> int:
    """End what stands of matters that are none any more; answers how many stood. Unknown matters are passed over."""
    if not matter_ids:
        return 0
    healed = tx.rows(
        statements["heal_matters"],
        discrepancy_rows.MovedRow,
        matter_ids=list(matter_ids),
        sources=DISCREPANCY.sources("heal"),
        target=DISCREPANCY.target("heal"),
        now=now,
    )
    moves = [
        Move(
            discrepancy_id=row.discrepancy_id,
            move_no=row.move_count,
            event="heal",
            target=row.state,
            actor=SYSTEM,
            cause=cause,
        )
        for row in healed
    ]
    discrepancy_rows.record_moves(tx, moves, now=now)
    return len(healed)


def _judge(region: RegionCode, item: Raised, known: MatterRow | None) -> tuple[RaiseStatus, NewRow]:
    digest = _digest_of(item)
    if known is None:
        return RaiseStatus.RAISED, _row(region, item, item.matter_id, 1, digest)
    if known.state == DiscrepancyState.RESOLVED:
        generation = known.generation + 1
        next_id = derived_id("discrepancy_again", item.matter_id.hex, generation)
        status = RaiseStatus.RESOLVED if bytes(known.digest) == digest else RaiseStatus.RAISED
        return status, _row(region, item, next_id, generation, digest)
    row = _row(region, item, known.discrepancy_id, known.generation, digest)
    if known.state == DiscrepancyState.HEALED:
        return RaiseStatus.REOPENED, row
    return (RaiseStatus.EXISTS if bytes(known.digest) == digest else RaiseStatus.RENEWED), row


def _row(region: RegionCode, item: Raised, discrepancy_id: UUID, generation: int, digest: bytes) -> NewRow:
    return NewRow(
        id=discrepancy_id,
        matter_id=item.matter_id,
        generation=generation,
        case_no=make_no(region, Kind.CASE, discrepancy_id),
        kind=str(item.kind),
        detail=item.detail[:DETAIL_MAX],
        channel_code=item.channel_code,
        day_on=item.day_on,
        order_no=item.order_no[:REF_MAX],
        trade_ref=item.trade_ref[:REF_MAX],
        refund_no=item.refund_no[:REF_MAX],
        amount_fen=item.amount_fen,
        ours=item.ours[:TOLD_MAX],
        theirs=item.theirs[:TOLD_MAX],
        digest=digest,
        statement_id=item.statement_id,
        line_no=item.line_no,
        opened_at=item.opened_at,
    )


def _move(discrepancy_id: UUID, move_no: int, event: str, target: str, row: NewRow) -> Move:
    told = f"{row.ours} | {row.theirs}" if event != "open" else row.kind
    return Move(
        discrepancy_id=discrepancy_id, move_no=move_no, event=event, target=str(target), actor=SYSTEM, cause=told
    )


def _digest_of(item: Raised) -> bytes:
    """SHA-256 over what makes the matter what it is: the kind, the amount, and both sides' words."""
    words = (str(item.kind), str(item.amount_fen), item.ours[:TOLD_MAX], item.theirs[:TOLD_MAX])
    return hashlib.sha256("".join(f"{len(word)}:{word}" for word in words).encode()).digest()


def _region_of(tx: Tx) -> RegionCode:
    assert tx.region is not None, "discrepancies are regional"
    return tx.region
