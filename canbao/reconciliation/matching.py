"""Matching: every line of a statement gets its verdict, and what is ours and absent is found, set by set in SQL.

Run again it finds the same and writes nothing; what changed in our books since is judged anew, and a difference that is
none any more is healed. What does not fit and provably belongs to a neighbour day or another region heals at once; the
rest stands until somebody settles, closes or resolves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from canbao.channels.interface import LineKind, Payment
from canbao.kernel.clock import Instant, start_of_day
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.reconciliation import store
from canbao.reconciliation.rules import MATCHES, PLACES, REFUND_STATES_THAT_AGREE, VERDICTS, Heal, Verdict
from canbao.reconciliation.statement_files import Statement, told
from canbao.reconciliation.states import StatementState

statements = Statements(__package__)

MANY_LINES = 20_000
"""A statement of so many lines is matched by hashing, whatever the planner knows of it."""

PAGE = 500

CURRENCY = "CNY"
"""The currency of a trade statement: the channel lists what it took in yuan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A line that does not fit, or something of ours that no line tells of (then `line_no` is None).

    `ours_*` is what we have, `theirs_*` what the channel says; amounts in fen, None where a side has nothing. It stands
    while `heal` is empty.
    """

    statement_id: UUID
    subject: str
    line_no: int | None
    kind: LineKind
    verdict: Verdict
    happened_at: Instant
    order_no: str
    trade_ref: str
    refund_no: str
    refund_ref: str
    capture_id: UUID | None
    refund_id: UUID | None
    order_id: UUID | None
    ours_fen: Fen | None
    theirs_fen: Fen | None
    ours_state: str
    theirs_state: str
    ours_on: date | None
    judged_at: Instant
    heal: str
    healed_at: Instant | None

    def matter_id(self, channel_code: str, day_on: date) -> UUID:
        """What the difference is about: the same id in a corrected version of the statement."""
        about: tuple[str | int, ...] = (self.kind, self.trade_ref, self.refund_ref, self.refund_no)
        if self.line_no is None or not any(about[1:]):
            about = (self.subject,)
        elif self.verdict is Verdict.DUPLICATE_LINE:
            about = (*about, self.line_no)
        return derived_id("statement_matter", channel_code, day_on.isoformat(), *about)


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
    if row.line_count >= MANY_LINES:
        tx.scalars(statements["steer_to_hashing"])
    store.supersede(tx, row, now=now)
    _judge(tx, kept.region_code, row, now=now)
    tx.rows(statements["carry_lines"], store.HealedRow, statement_id=row.statement_id, day_on=row.day_on, now=now)
    tx.rows(
        statements["carry_absences"],
        store.HealedRow,
        channel_code=row.channel_code,
        statement_id=row.statement_id,
        now=now,
    )
    tx.rows(
        statements["heal_elsewhere"],
        store.HealedRow,
        statement_id=row.statement_id,
        merchant_ref=row.merchant_ref,
        app_ref=row.app_ref,
        regions=[str(int(region)) for region in regions if region != kept.region_code],
        now=now,
    )
    move_no = store.note_matched(tx, row.statement_id, now=now)
    if move_no is not None:
        store.record_move(
            tx, row.statement_id, move_no, event="match", target=StatementState.MATCHED, cause="", now=now
        )
    return told(kept.region_code, store.lock_statement(tx, row.statement_id))


def _is_superseded(tx: Tx, row: store.StatementRow) -> bool:
    counting: list[int] = tx.scalars(
        statements["read_current_version"], channel_code=row.channel_code, kind=row.kind, day_on=row.day_on
    )
    return bool(counting) and counting[0] > row.version_no


def _judge(tx: Tx, region: RegionCode, row: store.StatementRow, *, now: Instant) -> None:
    whose: dict[str, object] = {
        "channel_code": row.channel_code,
        "statement_id": row.statement_id,
        "day_on": row.day_on,
    }
    day_from, day_until = start_of_day(row.day_on), start_of_day(row.day_on + timedelta(days=1))
    repeated: list[int] = tx.scalars(statements["find_repeated_lines"], **whose)
    tx.run(
        statements["judge_lines"],
        **whose,
        day_from=day_from,
        day_until=day_until,
        merchant_ref=row.merchant_ref,
        app_ref=row.app_ref,
        own_head=f"{int(region)}P",
        repeated=repeated,
        agreeing=[f"{theirs} {ours}" for theirs, ours in sorted(REFUND_STATES_THAT_AGREE)],
        verdicts=[str(verdict) for verdict in VERDICTS],
        places=list(PLACES),
        matches=[str(VERDICTS[place]) for place in MATCHES],
        now=now,
    )
    tx.run(statements["judge_absences"], **whose, day_from=day_from, day_until=day_until, now=now)


def differences_of(region: RegionCode, statement_id: UUID) -> Iterator[Difference]:
    """Every difference of a statement, healed or not, in the order of their subjects, read a page at a time."""
    after = ""
    while True:
        with reading(region) as reader:
            page = reader.rows(
                statements["list_differences"], Difference, statement_id=statement_id, after=after, limit=PAGE
            )
        yield from map(_spoken, page)
        if len(page) < PAGE:
            return
        after = page[-1].subject


def standing(
    region: RegionCode, statement_id: UUID, verdicts: Sequence[Verdict], *, after: str = "", limit: int = PAGE
) -> list[Difference]:
    """Differences of these verdicts that stand, a page of them: those whose subject comes after `after`."""
    with reading(region) as reader:
        page = reader.rows(
            statements["list_standing"],
            Difference,
            statement_id=statement_id,
            verdicts=[str(verdict) for verdict in verdicts],
            after=after,
            limit=limit,
        )
    return [_spoken(found) for found in page]


def to_settle(
    region: RegionCode, channel_code: str, statement_id: UUID, *, after: str = "", limit: int = PAGE
) -> list[Difference]:
    """Payments that only the channel knows of and whose order is ours, a page of them."""
    with reading(region) as reader:
        page = reader.rows(
            statements["list_to_settle"],
            Difference,
            channel_code=channel_code,
            statement_id=statement_id,
            after=after,
            limit=limit,
        )
    return [_spoken(found) for found in page]


def payment_of(found: Difference, *, merchant_ref: str, app_ref: str) -> Payment:
    """The payment that a line of our own merchant tells of."""
    assert found.theirs_fen is not None, "a line has an amount"
    return Payment(
        order_no=found.order_no,
        trade_ref=found.trade_ref,
        amount_fen=found.theirs_fen,
        currency=CURRENCY,
        merchant_ref=merchant_ref,
        app_ref=app_ref,
        happened_at=found.happened_at,
        payer_ref="",
    )


def heal(tx: Tx, statement_id: UUID, subjects: Sequence[str], how: Heal, *, now: Instant) -> int:
    """Note that differences went away by themselves; answers how many still stood."""
    return len(store.heal(tx, statement_id, subjects, how=how, now=now)) if subjects else 0


def captured_among(region: RegionCode, channel_code: str, trade_refs: Sequence[str]) -> set[str]:
    """Of these transactions of a channel, those that a region has recorded."""
    with reading(region) as reader:
        return set(
            reader.scalars(statements["find_captures_by_trade"], channel_code=channel_code, trade_refs=list(trade_refs))
        )


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


def _spoken(row: Difference) -> Difference:
    """The row with its words as members of our lists."""
    return replace(row, kind=LineKind(row.kind), verdict=Verdict(row.verdict))
