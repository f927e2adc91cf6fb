"""The fund statement of a day against our clearing account: what both have alike is counted, what differs is told line
by line, with the reason where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from canbao.kernel.clock import start_of_day
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Reader, Statements
from canbao.reconciliation.discrepancies import Raised
from canbao.reconciliation.discrepancy_rules import DiscrepancyKind
from canbao.reconciliation.funds_rules import FEE_WORDS, PAID_IN_WORDS, PAID_OUT_WORDS, Explanation

statements = Statements(__package__)

FEES = "fees"
"""What stands in place of a number where a line tells of fees as one sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A movement that the two sides do not have alike, or the sum of other regions'. `kind` is empty where nothing
    explains it; `case_no` the discrepancy that people resolved.
    """

    kind: str
    ref: str
    line_no: int | None
    item_count: int
    ours_fen: int
    theirs_fen: int
    case_no: str = ""

    @property
    def difference_fen(self) -> int:
        """What the channel's account has more than ours."""
        return self.theirs_fen - self.ours_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class FundSums:
    """What a fund statement adds up to; fees that came back count below zero."""

    in_fen: int
    out_fen: int
    balance_fen: int | None
    own_fee_fen: int
    other_fee_fen: int
    other_fee_count: int
    nobodys_fee_fen: int
    nobodys_fee_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearingSums:
    """What a day moved in the clearing account, by what moved it; fees net of those that came back."""

    in_fen: int
    out_fen: int
    collected_fen: int
    suspended_fen: int
    refund_paid_fen: int
    booked_fen: int
    fee_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _EndRow:
    matter_id: UUID
    case_no: str


def fund_sums(reader: Reader, channel_code: str, funds_id: UUID, regions: Sequence[RegionCode]) -> FundSums:
    """The sums of a fund statement. `regions` are the others that take part."""
    found = reader.one(
        statements["sum_day_funds"],
        FundSums,
        channel_code=channel_code,
        funds_id=funds_id,
        regions=[str(int(one)) for one in regions],
        fee_words=list(FEE_WORDS),
    )
    assert found is not None, "a sum is one row"
    return found


def clearing_sums(reader: Reader, channel_code: str, day_on: date) -> ClearingSums:
    """The sums of our clearing account for a civil day in China."""
    found = reader.one(statements["sum_day_clearing"], ClearingSums, channel_code=channel_code, **_bounds(day_on))
    assert found is not None, "a sum is one row"
    return found


def compare_funds(
    reader: Reader, channel_code: str, day_on: date, funds_id: UUID, regions: Sequence[RegionCode], sums: FundSums
) -> list[Apart]:
    """Every movement that the two sides do not have alike; those that people resolved with the discrepancy's number."""
    found = reader.rows(
        statements["compare_funds"],
        _ApartRow,
        channel_code=channel_code,
        funds_id=funds_id,
        regions=[str(int(one)) for one in regions],
        fee_words=list(FEE_WORDS),
        out_words=list(PAID_OUT_WORDS),
        in_words=list(PAID_IN_WORDS),
        **_bounds(day_on),
    )
    rows = [
        Apart(
            kind=row.kind,
            ref=row.ref,
            line_no=row.line_no,
            item_count=row.item_count,
            ours_fen=row.ours_fen,
            theirs_fen=row.theirs_fen,
        )
        for row in found
    ]
    if sums.other_fee_count:
        rows.append(_fees(Explanation.ELSEWHERE, sums.other_fee_count, sums.other_fee_fen))
    if sums.nobodys_fee_count:
        rows.append(_fees("", sums.nobodys_fee_count, sums.nobodys_fee_fen))
    ends = _ends(reader, [matter_of(channel_code, day_on, row) for row in rows if not row.kind])
    return [_with_end(row, ends.get(matter_of(channel_code, day_on, row), "")) for row in rows]


def matter_of(channel_code: str, day_on: date, row: Apart) -> UUID:
    """What a difference is about: the same id when the day is compared again."""
    return derived_id("funds_matter", channel_code, day_on.isoformat(), row.ref)


def told_of(channel_code: str, day_on: date, funds_id: UUID, row: Apart) -> Raised:
    """A difference without a reason, as it is put before people."""
    return Raised(
        matter_id=matter_of(channel_code, day_on, row),
        kind=DiscrepancyKind.FUNDS_DIFFER,
        ours=format_yuan(row.ours_fen),
        theirs=format_yuan(row.theirs_fen),
        amount_fen=Fen(abs(row.difference_fen)),
        channel_code=channel_code,
        day_on=day_on,
        trade_ref=row.ref,
        statement_id=funds_id,
        line_no=row.line_no,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ApartRow:
    kind: str
    ref: str
    line_no: int | None
    item_count: int
    ours_fen: int
    theirs_fen: int


def _fees(kind: str, count: int, fee_fen: int) -> Apart:
    return Apart(kind=str(kind), ref=FEES, line_no=None, item_count=count, ours_fen=0, theirs_fen=-fee_fen)


def _with_end(row: Apart, case_no: str) -> Apart:
    return row if row.kind or not case_no else replace(row, kind=str(Explanation.RESOLVED), case_no=case_no)


def _ends(reader: Reader, matter_ids: Sequence[UUID]) -> dict[UUID, str]:
    if not matter_ids:
        return {}
    rows = reader.rows(statements["read_matter_ends"], _EndRow, matter_ids=list(matter_ids))
    return {row.matter_id: row.case_no for row in rows}


def _bounds(day_on: date) -> dict[str, object]:
    return {"day_from": start_of_day(day_on), "day_until": start_of_day(day_on + timedelta(days=1))}
