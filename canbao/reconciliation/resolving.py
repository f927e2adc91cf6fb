"""Resolving discrepancies: somebody takes one, says what became of it and why, and above a region's amount somebody
else approves.

What stands before people is one list: what statements, fund bills and auditors showed, and the cases of payments, which
become discrepancies of this room when somebody takes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, parse_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Reader, Statements, Tx, reading
from canbao.reconciliation import discrepancy_rows
from canbao.reconciliation.discrepancy_rows import SYSTEM, EventRow, Move, MovedRow
from canbao.reconciliation.discrepancy_rules import SUGGESTIONS, Act, DiscrepancyKind, Suggestion, takes_two
from canbao.reconciliation.discrepancy_states import DISCREPANCY, STANDING, DiscrepancyState
from canbao.reconciliation.errors import (
    DISCREPANCY_NOT_FOUND,
    DISCREPANCY_NOT_YOURS,
    DISCREPANCY_SAME_PERSON,
    DISCREPANCY_WITHOUT_NAME,
    DISCREPANCY_WITHOUT_REASON,
    DISCREPANCY_WRONG_STATE,
)

statements = Statements(__package__)

NAME_LENGTH_MAX = 64
REASON_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Something that does not fit, as people see it: both sides' words, who looks after it, and what became of it.

    `amount_fen` is what is at stake, None where nobody can say. `line_no` is the line of the statement that shows it.
    """

    discrepancy_id: UUID
    matter_id: UUID
    case_no: str
    kind: DiscrepancyKind
    detail: str
    channel_code: str
    day_on: date | None
    order_no: str
    trade_ref: str
    refund_no: str
    amount_fen: Fen | None
    ours: str
    theirs: str
    statement_id: UUID | None
    line_no: int | None
    state: DiscrepancyState
    owner: str
    act: str
    reason: str
    limit_fen: Fen
    proposed_by: str
    approved_by: str
    opened_at: Instant
    proposed_at: Instant | None
    ended_at: Instant | None

    @property
    def region_code(self) -> RegionCode:
        """The region, as the number says it."""
        return RegionCode(int(self.case_no[:6]))

    @property
    def suggestion(self) -> Suggestion:
        """What usually ends a discrepancy of this kind."""
        return SUGGESTIONS[self.kind]

    @property
    def stands(self) -> bool:
        """Whether it still waits for a person."""
        return self.state in STANDING


def discrepancies(
    region: RegionCode,
    states: Sequence[DiscrepancyState] = STANDING,
    *,
    day_on: date | None = None,
    order_no: str = "",
    limit: int = 1000,
) -> list[Discrepancy]:
    """Discrepancies of a region in some states, oldest first; of a day or an order alone where one is named."""
    with reading(region) as reader:
        return _read(reader, states, day_on=day_on, order_no=order_no, limit=limit)


def discrepancy_by_no(text: str) -> Discrepancy:
    """A discrepancy by its printed number. Errors: those of reading a number,
    `reconciliation.discrepancy_not_found`.
    """
    number = parse_no(text, Kind.CASE)
    with reading(number.region_code) as reader:
        found = _read(reader, list(DiscrepancyState), case_no=number.text)
    if not found:
        raise DISCREPANCY_NOT_FOUND()
    return found[0]


def discrepancy_events_of(region: RegionCode, discrepancy_id: UUID) -> list[EventRow]:
    """The history of a discrepancy; empty for a case that nobody took yet."""
    with reading(region) as reader:
        return reader.rows(statements["list_discrepancy_events"], EventRow, discrepancy_id=discrepancy_id)


def take_discrepancy(tx: Tx, case_no: str, *, by: str, cause: str = "", now: Instant) -> Discrepancy:
    """Look after a discrepancy, by name. One that somebody else looks after is handed over, with a cause.

    Errors: `reconciliation.discrepancy_not_found`, `_wrong_state`, `_without_name`, and `_without_reason` for a
    handing over that says none.
    """
    name = name_of(by)
    adopted: list[UUID] = tx.scalars(statements["adopt_case"], case_no=case_no)
    opened = [_move(case_id, 1, "open", DiscrepancyState.OPEN, SYSTEM, "case") for case_id in adopted]
    discrepancy_rows.record_moves(tx, opened, now=now)
    held = _lock(tx, case_no)
    if held.state is DiscrepancyState.TAKEN:
        if held.owner == name:
            return held
        return _moved(tx, held, "hand_over", by=name, cause=reason_of(cause), now=now)
    return _moved(tx, held, "take", by=name, cause=cause.strip()[:REASON_LENGTH_MAX], now=now)


def propose_resolution(
    tx: Tx, case_no: str, *, by: str, act: Act, reason: str, limit_fen: Fen, now: Instant
) -> Discrepancy:
    """Say what became of a discrepancy. At most `limit_fen` at stake, it is resolved; above, a second person approves.

    Errors: `reconciliation.discrepancy_not_found`, `_wrong_state`, `_not_yours` (its owner alone proposes),
    `_without_name`, `_without_reason`.
    """
    name, words = name_of(by), reason_of(reason)
    held = _lock(tx, case_no)
    event = "propose" if takes_two(held.amount_fen, limit_fen) else "settle"
    _require(held, event)
    if held.owner != name:
        raise DISCREPANCY_NOT_YOURS(case_no=held.case_no, owner=held.owner, by=name)
    return _moved(tx, held, event, by=name, cause=words, act=act, limit_fen=limit_fen, now=now)


def approve_resolution(tx: Tx, case_no: str, *, by: str, now: Instant) -> Discrepancy:
    """Approve what another person proposed. Errors: `reconciliation.discrepancy_not_found`, `_wrong_state`,
    `_same_person`, `_without_name`.
    """
    name = name_of(by)
    held = _lock(tx, case_no)
    _require(held, "approve")
    if name.casefold() == held.proposed_by.casefold():
        raise DISCREPANCY_SAME_PERSON(by=name)
    return _moved(tx, held, "approve", by=name, cause=held.reason, now=now)


def send_back_resolution(tx: Tx, case_no: str, *, by: str, cause: str, now: Instant) -> Discrepancy:
    """Turn a proposed resolution down; its owner looks again. Errors: as for approving, and `_without_reason`."""
    name, words = name_of(by), reason_of(cause)
    return _moved(tx, _lock(tx, case_no), "send_back", by=name, cause=words, now=now)


def _lock(tx: Tx, case_no: str) -> Discrepancy:
    row = tx.one(statements["lock_discrepancy"], Discrepancy, case_no=case_no)
    if row is None:
        raise DISCREPANCY_NOT_FOUND()
    return _spoken(row)


def _require(held: Discrepancy, event: str) -> None:
    if held.state not in DISCREPANCY.sources(event):
        raise DISCREPANCY_WRONG_STATE(case_no=held.case_no, state=str(held.state), act=event)


def _moved(
    tx: Tx,
    held: Discrepancy,
    event: str,
    *,
    by: str,
    cause: str,
    act: str = "",
    limit_fen: Fen | None = None,
    now: Instant,
) -> Discrepancy:
    _require(held, event)
    moved = tx.one(
        statements["move_discrepancy"],
        MovedRow,
        discrepancy_id=held.discrepancy_id,
        event=event,
        target=DISCREPANCY.target(event),
        sources=DISCREPANCY.sources(event),
        actor=by,
        act=str(act),
        cause=cause,
        limit_fen=limit_fen or 0,
        now=now,
    )
    assert moved is not None, "a locked discrepancy in a source of the edge moves"
    told = f"{act}: {cause}" if act else cause
    moves = [_move(moved.discrepancy_id, moved.move_count, event, moved.state, by, told)]
    discrepancy_rows.record_moves(tx, moves, now=now)
    return _lock(tx, held.case_no)


def _move(discrepancy_id: UUID, move_no: int, event: str, target: str, actor: str, cause: str) -> Move:
    return Move(
        discrepancy_id=discrepancy_id, move_no=move_no, event=event, target=str(target), actor=actor, cause=cause
    )


def _read(
    reader: Reader,
    states: Sequence[DiscrepancyState],
    *,
    day_on: date | None = None,
    order_no: str = "",
    case_no: str = "",
    limit: int = 1,
) -> list[Discrepancy]:
    rows = reader.rows(
        statements["list_discrepancies"],
        Discrepancy,
        states=[str(state) for state in states],
        day_on=day_on,
        order_no=order_no,
        case_no=case_no,
        limit=limit,
    )
    return [_spoken(row) for row in rows]


def _spoken(row: Discrepancy) -> Discrepancy:
    """The row with its words as members of our lists."""
    return replace(row, kind=DiscrepancyKind(row.kind), state=DiscrepancyState(row.state))


def name_of(by: str) -> str:
    """A person's name as it is kept. Errors: `reconciliation.discrepancy_without_name`."""
    name = " ".join(by.split())
    if not 0 < len(name) <= NAME_LENGTH_MAX or name == SYSTEM:
        raise DISCREPANCY_WITHOUT_NAME()
    return name


def reason_of(words: str) -> str:
    """A reason as it is kept. Errors: `reconciliation.discrepancy_without_reason`."""
    reason = " ".join(words.split())
    if not 0 < len(reason) <= REASON_LENGTH_MAX:
        raise DISCREPANCY_WITHOUT_REASON()
    return reason
