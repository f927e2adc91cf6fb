"""Closing a day: when everything a channel says of it fits our books or was resolved, its figures are written down for
good, bound to the day closed before, and never changed again.

What must be true first: the trade statement is matched, the fund statement loaded, nothing of the day stands before
people, and every fen by which the fund statement and the clearing account differ has a reason. A day that is closed
again with the same figures is the same closing; with others it is the day's next version and needs a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SM3, Hash

from canbao.kernel.clock import Instant, start_of_day
from canbao.kernel.ids import derived_id
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Reader, Statements, Tx, reading
from canbao.reconciliation.day_chain import GENESIS, DayRow, ExplanationRow, TotalRow, content_bytes, link_hash
from canbao.reconciliation.differences import standing
from canbao.reconciliation.discrepancies import Raised
from canbao.reconciliation.discrepancy_rules import DiscrepancyKind
from canbao.reconciliation.discrepancy_states import STANDING
from canbao.reconciliation.errors import (
    DAY_CLOSED_OTHERWISE,
    DAY_HAS_DISCREPANCIES,
    DAY_NOT_CLOSED,
    DAY_NOT_COMPARED,
    DAY_NOT_EXPLAINED,
)
from canbao.reconciliation.funds import Apart, FundSums, clearing_sums, compare_funds, fund_sums, told_of
from canbao.reconciliation.resolving import discrepancies, name_of, reason_of
from canbao.reconciliation.rules import VERDICTS

statements = Statements(__package__)

DAYS_LOCK = 0x5244
"""The room's half of an advisory lock for days; the other half is the region."""

ENDED_BY_CLOSING = frozenset({DiscrepancyKind.FUNDS_DIFFER, DiscrepancyKind.AFTER_CLOSE})
"""What stands of a day and does not keep it open: closing compares the account itself, and is what a day needs of which
something was recorded since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    """A closed day with its totals and explanations. `link_hash` (hex) is what is printed and deposited elsewhere."""

    region_code: RegionCode
    row: DayRow
    totals: tuple[TotalRow, ...]
    explanations: tuple[ExplanationRow, ...]
    is_new: bool = False

    @property
    def link_hash(self) -> str:
        """The hash that binds the day into its chain, in hex."""
        return bytes(self.row.link_hash).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAsItStands:
    """What would be closed: the statements that count, the sums on both sides, and what differs."""

    channel_code: str
    day_on: date
    trades: _StatementRow
    funds: _StatementRow
    sums: FundSums
    apart: tuple[Apart, ...]

    @property
    def unexplained(self) -> list[Apart]:
        """What differs without a reason."""
        return [row for row in self.apart if not row.kind]

    def told(self) -> list[Raised]:
        """What differs without a reason, as it is put before people."""
        return [told_of(self.channel_code, self.day_on, self.funds.statement_id, row) for row in self.unexplained]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StatementRow:
    statement_id: UUID
    kind: str
    digest: bytes
    payment_count: int
    payment_fen: int
    refund_count: int
    refund_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _LastRow:
    place: int
    link_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _EndRow:
    matter_id: UUID
    case_no: str


def day_as_it_stands(tx: Tx, channel_code: str, day_on: date, *, regions: Sequence[RegionCode]) -> DayAsItStands:
    """Compare a day's fund statement with the clearing account, and hold the region's days until the transaction ends.

    `regions` are the others that take part. Errors: `reconciliation.day_not_compared`,
    `reconciliation.day_has_discrepancies`.
    """
    tx.scalars(statements["hold_days"], lock_key=DAYS_LOCK)
    rows = tx.rows(statements["read_day_statements"], _StatementRow, channel_code=channel_code, day_on=day_on)
    found = {row.kind: row for row in rows}
    for kind in ("trades", "funds"):
        if kind not in found:
            raise DAY_NOT_COMPARED(day=day_on.isoformat(), what=kind)
    _require_nothing_stands(tx, channel_code, day_on, found["trades"])
    sums = fund_sums(tx, channel_code, found["funds"].statement_id, regions)
    apart = compare_funds(tx, channel_code, day_on, found["funds"].statement_id, regions, sums)
    return DayAsItStands(
        channel_code=channel_code,
        day_on=day_on,
        trades=found["trades"],
        funds=found["funds"],
        sums=sums,
        apart=tuple(apart),
    )


def fee_to_post_fen(tx: Tx, found: DayAsItStands) -> int:
    """What of the day's fees the books do not have yet; below zero where more came back than was kept."""
    return found.sums.own_fee_fen - clearing_sums(tx, found.channel_code, found.day_on).fee_fen


def close_day(tx: Tx, found: DayAsItStands, *, by: str, reason: str = "", now: Instant) -> ClosedDay:
    """Close a day that was compared in this transaction, its fees posted; answers it, as it is or was closed.

    Errors: `reconciliation.day_not_explained` when something differs without a reason,
    `reconciliation.day_closed_otherwise` when it is closed with other figures and no reason is given,
    `reconciliation.discrepancy_without_name`.
    """
    name = name_of(by)
    if found.unexplained:
        amount = format_yuan(sum(abs(row.difference_fen) for row in found.unexplained))
        raise DAY_NOT_EXPLAINED(day=found.day_on.isoformat(), count=len(found.unexplained), amount=amount)
    region = _region_of(tx)
    former = _closed(tx, region, found.channel_code, found.day_on)
    draft = _draft(tx, found, former, by=name, now=now)
    if former is not None:
        if content_bytes(former.row, former.totals, former.explanations) == content_bytes(
            draft.row, draft.totals, draft.explanations
        ):
            return former
        if not reason:
            raise DAY_CLOSED_OTHERWISE(day=found.day_on.isoformat())
        draft = replace(draft, row=replace(draft.row, reason=reason_of(reason)))
    return _write(tx, draft)


def closed_day(region: RegionCode, channel_code: str, day_on: date) -> ClosedDay:
    """A closed day in its newest version. Errors: `reconciliation.day_not_closed`."""
    with reading(region) as reader:
        found = _closed(reader, region, channel_code, day_on)
    if found is None:
        raise DAY_NOT_CLOSED(day=day_on.isoformat())
    return found


def closed_days(
    region: RegionCode, channel_code: str = "", *, day_on: date | None = None, after_place: int = 0, limit: int = 1000
) -> list[ClosedDay]:
    """Closed days in the order of their chains, every version; those of a channel or a day alone where it is named."""
    with reading(region) as reader:
        return _read(reader, region, channel_code, day_on=day_on, after_place=after_place, limit=limit)


def keep_day_paper(tx: Tx, closed: ClosedDay, pdf: bytes, *, now: Instant) -> None:
    """Keep the signed paper of a day that was closed in this transaction."""
    tx.run(statements["insert_day_paper"], day_id=closed.row.day_id, pdf=pdf, pdf_sm3=sm3(pdf), now=now)


def sm3(content: bytes) -> bytes:
    """The SM3 of a paper's bytes."""
    digest = Hash(SM3())
    digest.update(content)
    return digest.finalize()


def day_paper(closed: ClosedDay) -> bytes:
    """The signed paper of a closed day, byte for byte."""
    with reading(closed.region_code) as reader:
        (pdf,) = reader.scalars(statements["read_day_paper"], day_id=closed.row.day_id)
    return bytes(pdf)


def _require_nothing_stands(tx: Tx, channel_code: str, day_on: date, trades: _StatementRow) -> None:
    region = _region_of(tx)
    open_ones = [
        one.case_no
        for one in discrepancies(region, STANDING, day_on=day_on)
        if one.channel_code == channel_code and one.kind not in ENDED_BY_CLOSING
    ]
    after = ""
    while page := standing(region, trades.statement_id, VERDICTS, after=after):
        after = page[-1].subject
        matters = {one.matter_id(channel_code, day_on): one for one in page}
        ended = {row.matter_id for row in tx.rows(statements["read_matter_ends"], _EndRow, matter_ids=list(matters))}
        open_ones += [one.order_no or one.trade_ref for matter, one in matters.items() if matter not in ended]
    if open_ones:
        raise DAY_HAS_DISCREPANCIES(day=day_on.isoformat(), count=len(set(open_ones)), case_no=open_ones[0])


def _draft(tx: Tx, found: DayAsItStands, former: ClosedDay | None, *, by: str, now: Instant) -> ClosedDay:
    region = _region_of(tx)
    clearing = clearing_sums(tx, found.channel_code, found.day_on)
    version_no = former.row.version_no + 1 if former is not None else 1
    day_id = derived_id("closed_day", region, found.channel_code, found.day_on.isoformat(), version_no)
    rows = tx.rows(statements["read_last_day"], _LastRow, channel_code=found.channel_code)
    totals = tuple(replace(one, day_id=day_id) for one in _totals(tx, found))
    explanations = tuple(
        ExplanationRow(
            day_id=day_id,
            place=place,
            kind=row.kind,
            ref=row.ref,
            line_no=row.line_no,
            item_count=row.item_count,
            ours_fen=row.ours_fen,
            theirs_fen=row.theirs_fen,
            case_no=row.case_no,
        )
        for place, row in enumerate(found.apart, start=1)
    )
    row = DayRow(
        day_id=day_id,
        channel_code=found.channel_code,
        day_on=found.day_on,
        version_no=version_no,
        place=rows[0].place + 1 if rows else 1,
        trades_id=found.trades.statement_id,
        funds_id=found.funds.statement_id,
        trades_digest=bytes(found.trades.digest),
        funds_digest=bytes(found.funds.digest),
        payment_count=found.trades.payment_count,
        payment_fen=found.trades.payment_fen,
        refund_count=found.trades.refund_count,
        refund_fen=found.trades.refund_fen,
        collected_fen=clearing.collected_fen,
        suspended_fen=clearing.suspended_fen,
        refund_paid_fen=clearing.refund_paid_fen,
        fee_fen=clearing.fee_fen,
        booked_fen=clearing.booked_fen,
        clearing_in_fen=clearing.in_fen,
        clearing_out_fen=clearing.out_fen,
        funds_in_fen=found.sums.in_fen,
        funds_out_fen=found.sums.out_fen,
        explained_fen=sum(one.difference_fen for one in found.apart),
        balance_fen=found.sums.balance_fen,
        closed_by=by,
        reason="",
        closed_at=now,
        link_hash=bytes(rows[0].link_hash) if rows else GENESIS,
    )
    return ClosedDay(region_code=region, row=row, totals=totals, explanations=explanations, is_new=True)


def _write(tx: Tx, draft: ClosedDay) -> ClosedDay:
    """Bind the day to the one before, whose hash the draft holds, and write it down."""
    bound = link_hash(draft.row.link_hash, int(draft.region_code), draft.row, draft.totals, draft.explanations)
    row = replace(draft.row, link_hash=bound)
    tx.run(statements["insert_day"], **{name: getattr(row, name) for name in DayRow.__dataclass_fields__})
    tx.run(
        statements["insert_day_totals"],
        day_id=row.day_id,
        scheme_codes=[one.scheme_code for one in draft.totals],
        dues_from=[one.due_from for one in draft.totals],
        dues_until=[one.due_until for one in draft.totals],
        collected_counts=[one.collected_count for one in draft.totals],
        collecteds_fen=[one.collected_fen for one in draft.totals],
        refunded_counts=[one.refunded_count for one in draft.totals],
        refundeds_fen=[one.refunded_fen for one in draft.totals],
    )
    tx.run(
        statements["insert_day_explanations"],
        day_id=row.day_id,
        places=[one.place for one in draft.explanations],
        kinds=[one.kind for one in draft.explanations],
        refs=[one.ref for one in draft.explanations],
        line_nos=[one.line_no for one in draft.explanations],
        item_counts=[one.item_count for one in draft.explanations],
        ours_fen=[one.ours_fen for one in draft.explanations],
        theirs_fen=[one.theirs_fen for one in draft.explanations],
        case_nos=[one.case_no for one in draft.explanations],
    )
    return replace(draft, row=row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SumRow:
    scheme_code: str
    due_from: int
    due_until: int
    collected_count: int
    collected_fen: int
    refunded_count: int
    refunded_fen: int


def _totals(tx: Tx, found: DayAsItStands) -> list[TotalRow]:
    rows = tx.rows(
        statements["sum_day_totals"],
        _SumRow,
        channel_code=found.channel_code,
        day_from=start_of_day(found.day_on),
        day_until=start_of_day(found.day_on + timedelta(days=1)),
    )
    return [
        TotalRow(
            day_id=found.trades.statement_id,
            scheme_code=row.scheme_code,
            due_from=row.due_from,
            due_until=row.due_until,
            collected_count=row.collected_count,
            collected_fen=row.collected_fen,
            refunded_count=row.refunded_count,
            refunded_fen=row.refunded_fen,
        )
        for row in rows
    ]


def _closed(reader: Reader, region: RegionCode, channel_code: str, day_on: date) -> ClosedDay | None:
    versions = _read(reader, region, channel_code, day_on=day_on)
    return max(versions, key=lambda one: one.row.version_no, default=None)


def _read(
    reader: Reader,
    region: RegionCode,
    channel_code: str,
    *,
    day_on: date | None = None,
    after_place: int = 0,
    limit: int = 1000,
) -> list[ClosedDay]:
    rows = reader.rows(
        statements["read_days"],
        DayRow,
        channel_code=channel_code,
        day_on=day_on,
        after_place=after_place,
        limit=limit,
    )
    ids = [row.day_id for row in rows]
    if not ids:
        return []
    totals = reader.rows(statements["read_day_totals"], TotalRow, day_ids=ids)
    explanations = reader.rows(statements["read_day_explanations"], ExplanationRow, day_ids=ids)
    return [
        ClosedDay(
            region_code=region,
            row=row,
            totals=tuple(one for one in totals if one.day_id == row.day_id),
            explanations=tuple(one for one in explanations if one.day_id == row.day_id),
        )
        for row in rows
    ]


def _region_of(tx: Tx) -> RegionCode:
    assert tx.region is not None, "days are regional"
    return tx.region
