"""Matching: every line of a statement gets its verdict, and what is ours and absent is found, set by set in SQL.

Run again it finds the same and writes nothing; what changed in our books since is judged anew, and a difference that is
none any more is healed. What does not fit and provably belongs to a neighbour day or another region heals at once; the
rest stands until somebody settles, closes or resolves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from canbao.channels.interface import LineKind
from canbao.kernel.clock import Instant, start_of_day
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.reconciliation import store
from canbao.reconciliation.differences import end_former_matters, heal_matters, missing_id, standing_matters
from canbao.reconciliation.discrepancies import heal_discrepancies
from canbao.reconciliation.rules import MATCHES, PLACES, REFUND_STATES_THAT_AGREE, VERDICTS, Heal, Verdict
from canbao.reconciliation.statement_files import Statement, told
from canbao.reconciliation.states import StatementState

statements = Statements(__package__)

MANY_LINES = 20_000
"""A statement of so many lines is matched by hashing, whatever the planner knows of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCount:
    """How many lines, or absent things of ours, got a verdict; `healed` of them are differences no longer."""

    verdict: Verdict
    count: int
    healed_count: int


def match_statement(tx: Tx, kept: Statement, *, regions: Sequence[RegionCode], now: Instant) -> Statement:
    """Give every line of a loaded trade statement its verdict, and find what is ours and absent from it.

    Answers the statement as it is then: `matched` and current; or as it was, where a newer version counts or nothing is
    loaded. `regions` are those that take part: a line of one of them is judged there.
    """
    store.hold_statements(tx)
    row = store.lock_statement(tx, kept.statement_id)
    if row.state not in {StatementState.LOADED, StatementState.MATCHED} or _is_superseded(tx, row):
        return told(kept.region_code, row)
    superseded = store.supersede(tx, row, now=now)
    _judge(tx, kept.region_code, row, now=now)
    healed = _heal_what_can_be(tx, kept.region_code, row, regions, now=now)
    heal_matters(tx, healed, now=now)
    heal_matters(tx, superseded, but=standing_matters(kept) if superseded else frozenset(), now=now)
    if row.state == StatementState.MATCHED:
        end_former_matters(tx, kept, now=now)
    heal_discrepancies(tx, [missing_id(row.channel_code, row.day_on)], cause="matched", now=now)
    move_no = store.note_matched(tx, row.statement_id, now=now)
    if move_no is not None:
        store.record_move(
            tx, row.statement_id, move_no, event="match", target=StatementState.MATCHED, cause="", now=now
        )
    return told(kept.region_code, store.lock_statement(tx, row.statement_id))


def _heal_what_can_be(
    tx: Tx, region: RegionCode, row: store.StatementRow, regions: Sequence[RegionCode], *, now: Instant
) -> list[store.HealedRow]:
    """Carry what belongs to a neighbour day, leave to other regions what is theirs; answers all that went away now."""
    healed = tx.rows(
        statements["carry_lines"], store.HealedRow, statement_id=row.statement_id, day_on=row.day_on, now=now
    )
    healed += tx.rows(
        statements["carry_absences"],
        store.HealedRow,
        channel_code=row.channel_code,
        statement_id=row.statement_id,
        now=now,
    )
    healed += tx.rows(
        statements["heal_elsewhere"],
        store.HealedRow,
        statement_id=row.statement_id,
        merchant_ref=row.merchant_ref,
        app_ref=row.app_ref,
        regions=[str(int(found)) for found in regions if found != region],
        now=now,
    )
    return healed + tx.rows(statements["list_agreed"], store.HealedRow, statement_id=row.statement_id, now=now)


def _is_superseded(tx: Tx, row: store.StatementRow) -> bool:
    counting: list[int] = tx.scalars(
        statements["read_current_version"], channel_code=row.channel_code, kind=row.kind, day_on=row.day_on
    )
    return bool(counting) and counting[0] > row.version_no


def _judge(tx: Tx, region: RegionCode, row: store.StatementRow, *, now: Instant) -> None:
    """Compare the whole in one pass, then look closely at what is no plain match: a few lines of a million."""
    is_long = row.line_count >= MANY_LINES
    if is_long:
        tx.scalars(statements["steer_to_hashing"])
    whose: dict[str, object] = {
        "channel_code": row.channel_code,
        "statement_id": row.statement_id,
        "day_on": row.day_on,
    }
    day: dict[str, object] = {
        "day_from": start_of_day(row.day_on),
        "day_until": start_of_day(row.day_on + timedelta(days=1)),
    }
    own: dict[str, object] = {"merchant_ref": row.merchant_ref, "app_ref": row.app_ref, "own_head": f"{int(region)}P"}
    compared = tx.one(statements["compare_lines"], store.ComparedRow, **whose, **day, **own)
    assert compared is not None, "an aggregate answers with one row"
    tx.run(statements["judge_absences"], **whose, **day, absent=compared.absent, now=now)
    told_before: list[int] = tx.scalars(statements["find_told_before"], **whose)
    # Where no two lines tell of one capture, only what is no plain match can be said twice.
    among = compared.unlike if compared.pair_count == compared.told_count else None
    repeated: list[int] = tx.scalars(statements["find_repeated_lines"], **whose, among=among)
    if is_long and compared.unlike_count < MANY_LINES:
        tx.scalars(statements["steer_to_looking_up"])
    repeated += told_before + _told_elsewhere(tx, compared.unlike, {**whose, **day})
    tx.run(
        statements["judge_lines"],
        **whose,
        **day,
        **own,
        unlike=compared.unlike,
        repeated=sorted(set(repeated)),
        agreeing=[f"{theirs} {ours}" for theirs, ours in sorted(REFUND_STATES_THAT_AGREE)],
        verdicts=[str(verdict) for verdict in VERDICTS],
        places=list(PLACES),
        matches=[str(VERDICTS[place]) for place in MATCHES],
        now=now,
    )


def _told_elsewhere(tx: Tx, unlike: str, whose: Mapping[str, object]) -> list[int]:
    """Those of these lines that the statement of another day tells of as something that fits there."""
    days: list[UUID] = tx.scalars(statements["list_other_days"], **whose, among=unlike)
    return tx.scalars(statements["find_told_elsewhere"], **whose, among=unlike, elsewhere=days)


def verdict_counts(kept: Statement) -> list[VerdictCount]:
    """How often each verdict was given, in order of precedence, those never given left out.

    A line that fits is counted from the statement's own counts; one found to agree when looked at again is a match.
    """
    with reading(kept.region_code) as reader:
        rows = reader.rows(statements["count_verdicts"], store.CountRow, statement_id=kept.statement_id)
    found: dict[Verdict, tuple[int, int]] = {}
    matched = {LineKind.PAYMENT: kept.payment_count, LineKind.REFUND: kept.refund_count}
    for row in rows:
        if row.heal == Heal.AGREED:
            continue
        count, healed = found.get(Verdict(row.verdict), (0, 0))
        found[Verdict(row.verdict)] = (count + row.count, healed + (row.count if row.heal else 0))
        if row.is_line:
            matched[LineKind(row.kind)] -= row.count
    found[Verdict.MATCHED] = (matched[LineKind.PAYMENT], 0)
    found[Verdict.REFUND_MATCHED] = (matched[LineKind.REFUND], 0)
    return [
        VerdictCount(verdict=verdict, count=found[verdict][0], healed_count=found[verdict][1])
        for verdict in VERDICTS
        if found.get(verdict, (0, 0))[0]
    ]
