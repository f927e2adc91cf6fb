"""Differences: what of a statement does not fit, told line by line, healed, and put before people.

A difference that stands is a discrepancy; one that goes away by itself ends it in the same transaction, so that nobody
looks into what is no matter any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from canbao.channels.interface import LineKind, Payment
from canbao.kernel.clock import BEIJING, Instant
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.reconciliation import store
from canbao.reconciliation.discrepancies import Raised, heal_discrepancies, raise_discrepancies
from canbao.reconciliation.discrepancy_rules import DiscrepancyKind
from canbao.reconciliation.rules import Heal, Verdict
from canbao.reconciliation.statement_files import Statement

statements = Statements(__package__)

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
        return _matter_id(
            channel_code,
            day_on,
            verdict=self.verdict,
            subject=self.subject,
            line_no=self.line_no,
            about=(self.kind, self.trade_ref, self.refund_ref, self.refund_no),
        )


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
    if not subjects:
        return 0
    healed = store.heal(tx, statement_id, subjects, how=how, now=now)
    heal_matters(tx, healed, now=now)
    return len(healed)


def captured_among(region: RegionCode, channel_code: str, trade_refs: Sequence[str]) -> set[str]:
    """Of these transactions of a channel, those that a region has recorded."""
    with reading(region) as reader:
        return set(
            reader.scalars(statements["find_captures_by_trade"], channel_code=channel_code, trade_refs=list(trade_refs))
        )


def raise_page(tx: Tx, kept: Statement, *, after: str, now: Instant) -> str | None:
    """Put a page of what stands of a statement before people: what comes after the subject `after`.

    Answers the page's last subject, or None when nothing was left. What was told of before is not told again.
    """
    page = standing(kept.region_code, kept.statement_id, list(Verdict), after=after)
    raise_discrepancies(tx, [_raised(kept, found) for found in page], now=now)
    return page[-1].subject if page else None


def heal_matters(
    tx: Tx, healed: Sequence[store.HealedRow], *, but: frozenset[UUID] = frozenset(), now: Instant
) -> None:
    """End the discrepancies of differences that went away, but not those of matters that stand elsewhere."""
    if not healed:
        return
    by_cause: dict[str, list[UUID]] = {}
    for row in _matters(tx, healed):
        matter_id = _matter_of(row, row.verdict)
        if matter_id not in but:
            by_cause.setdefault(row.heal, []).append(matter_id)
    for cause, matter_ids in by_cause.items():
        heal_discrepancies(tx, matter_ids, cause=cause, now=now)


def end_former_matters(tx: Tx, kept: Statement, *, now: Instant) -> None:
    """End the discrepancies of lines that were judged anew just now where another verdict makes another matter of them.

    A repetition is a matter of its own line, everything else one of the transaction: a line that turned from one into
    the other would leave the former behind.
    """
    judged = tx.rows(statements["list_judged_anew"], store.HealedRow, statement_id=kept.statement_id, now=now)
    if not judged:
        return
    former: set[UUID] = set()
    for row in _matters(tx, judged):
        was = Verdict.ONLY_THEIRS if row.verdict == Verdict.DUPLICATE_LINE else Verdict.DUPLICATE_LINE
        former.add(_matter_of(row, was))
    heal_discrepancies(tx, sorted(former - standing_matters(kept)), cause="judged anew", now=now)


def standing_matters(kept: Statement) -> frozenset[UUID]:
    """The matters that stand of a statement."""
    found: set[UUID] = set()
    after = ""
    while page := standing(kept.region_code, kept.statement_id, list(Verdict), after=after):
        after = page[-1].subject
        found.update(item.matter_id(kept.channel_code, kept.day_on) for item in page)
    return frozenset(found)


def missing_id(channel_code: str, day_on: date) -> UUID:
    """The matter of a day whose statement did not come."""
    return derived_id("statement_missing", channel_code, day_on.isoformat())


def raise_missing(tx: Tx, channel_code: str, day_on: date, *, why: str, now: Instant) -> None:
    """Put a day before people whose trade statement is not there when it should be; `why` in a few plain words."""
    missing = Raised(
        matter_id=missing_id(channel_code, day_on),
        kind=DiscrepancyKind.STATEMENT_MISSING,
        ours="the day is over and not compared",
        theirs=why,
        amount_fen=None,
        channel_code=channel_code,
        day_on=day_on,
    )
    raise_discrepancies(tx, [missing], now=now)


def _raised(kept: Statement, found: Difference) -> Raised:
    return Raised(
        matter_id=found.matter_id(kept.channel_code, kept.day_on),
        kind=DiscrepancyKind(str(found.verdict)),
        ours=_said(found.ours_fen, found.ours_state, found.ours_on.isoformat() if found.ours_on else ""),
        theirs=_said(
            found.theirs_fen,
            found.theirs_state,
            found.happened_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") if found.line_no is not None else "",
        ),
        amount_fen=_at_stake(found),
        channel_code=kept.channel_code,
        day_on=kept.day_on,
        order_no=found.order_no,
        trade_ref=found.trade_ref,
        refund_no=found.refund_no,
        statement_id=found.statement_id,
        line_no=found.line_no,
    )


def _said(amount_fen: Fen | None, state: str, at: str) -> str:
    if amount_fen is None:
        return "none"
    return " ".join(filter(None, (format_yuan(amount_fen), CURRENCY, state, at)))


def _at_stake(found: Difference) -> Fen:
    """How much is in question: what the sides differ by, or all of it where only one has it or they agree on that."""
    ours, theirs = found.ours_fen or 0, found.theirs_fen or 0
    return Fen(abs(theirs - ours) or theirs)


def _matters(tx: Tx, about: Sequence[store.HealedRow]) -> list[store.MatterOfRow]:
    return tx.rows(
        statements["list_matters"],
        store.MatterOfRow,
        statement_ids=[row.statement_id for row in about],
        subjects=[row.subject for row in about],
    )


def _matter_of(row: store.MatterOfRow, verdict: str) -> UUID:
    return _matter_id(
        row.channel_code,
        row.day_on,
        verdict=verdict,
        subject=row.subject,
        line_no=row.line_no,
        about=(row.kind, row.trade_ref, row.refund_ref, row.refund_no),
    )


def _matter_id(
    channel_code: str, day_on: date, *, verdict: str, subject: str, line_no: int | None, about: tuple[str, ...]
) -> UUID:
    key: tuple[str | int, ...] = about
    if line_no is None or not any(about[1:]):
        key = (subject,)
    elif verdict == Verdict.DUPLICATE_LINE:
        key = (*about, line_no)
    return derived_id("statement_matter", channel_code, day_on.isoformat(), *key)


def _spoken(row: Difference) -> Difference:
    """The row with its words as members of our lists."""
    return replace(row, kind=LineKind(row.kind), verdict=Verdict(row.verdict))
