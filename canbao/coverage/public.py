"""Coverage's front door: who is covered from when until when, and why.

Cover follows a settled bill: it is written by a reaction, never with the money, and a bill has at most one cover in
force. A paid bill whose cover lies ahead has it already and says from when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from canbao.coverage import store
from canbao.coverage.checks import AUDITORS
from canbao.coverage.periods import (
    Cover,
    CoverMoved,
    CoverToEnd,
    CoverToWrite,
    EndStatus,
    Facts,
    WriteStatus,
    steps_from,
)
from canbao.coverage.states import PeriodState
from canbao.kernel.clock import Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx

__all__ = [
    "AUDITORS",
    "Cover",
    "CoverMoved",
    "CoverToEnd",
    "CoverToWrite",
    "EndStatus",
    "Facts",
    "PeriodState",
    "WriteStatus",
    "end",
    "facts_of",
    "moves_of_bills",
    "of_bills",
    "of_person",
    "write",
]


def write(tx: Tx, covers: Sequence[CoverToWrite], *, now: Instant) -> list[WriteStatus]:
    """Write the covers of settled bills, one status per input in the order of inputs.

    A bill that has a cover in force keeps it: the same one again is `exists`, another is
    `exists_with_different_content`, also within one batch and between two workers at once.
    """
    if not covers:
        return []
    assert tx.region is not None, "cover is regional"
    first = {cover.bill_id: cover for cover in reversed(covers)}
    written = store.insert(tx, list(first.values()), now=now)
    standing = {cover.bill_id: cover for cover in of_bills(tx.region, list(first))}
    statuses: list[WriteStatus] = []
    for cover in covers:
        if cover.bill_id in written:
            statuses.append(WriteStatus.WRITTEN)
            written.discard(cover.bill_id)
        elif _says_the_same(standing[cover.bill_id], cover):
            statuses.append(WriteStatus.EXISTS)
        else:
            statuses.append(WriteStatus.EXISTS_WITH_DIFFERENT_CONTENT)
    return statuses


def end(tx: Tx, endings: Sequence[CoverToEnd], *, now: Instant) -> list[EndStatus]:
    """End covers early, one status per input in the order of inputs; the same bill twice is `not_in_force` the second
    time.
    """
    return store.end(tx, endings, now=now) if endings else []


def of_bills(region: RegionCode, bill_ids: Sequence[UUID]) -> list[Cover]:
    """The covers in force of these bills, in the order of bills; a bill without one is left out."""
    return [_cover(region, row) for row in store.periods_of_bills(region, bill_ids)]


def moves_of_bills(region: RegionCode, person_ids: Sequence[UUID], bill_ids: Sequence[UUID]) -> list[CoverMoved]:
    """How the covers of these bills came and went, in the order of time; `person_ids` are whom the bills are of."""
    return store.moves_of_bills(region, person_ids, bill_ids)


def of_person(region: RegionCode, person_id: UUID) -> list[Cover]:
    """All covers of a person, ended ones too, by first day."""
    return [_cover(region, row) for row in store.periods_of_person(region, person_id)]


def facts_of(region: RegionCode, person_ids: Sequence[UUID], *, scheme_code: str, on: date) -> dict[UUID, Facts]:
    """What the register says of persons that decides about their cover, without a name or a number: read set-wise."""
    return {
        row.person_id: Facts(
            person_id=row.person_id,
            born_on=row.born_on,
            category_code=row.category_code,
            last_insured_year=row.last_insured_year,
            identity_codes=frozenset(row.identity_codes),
        )
        for row in store.facts_of(region, person_ids, scheme_code, on)
    }


def _says_the_same(standing: Cover, cover: CoverToWrite) -> bool:
    return (standing.from_on, standing.until_on, standing.wait_months, standing.steps) == (
        cover.from_on,
        cover.until_on,
        cover.wait_months,
        cover.steps,
    )


def _cover(region: RegionCode, row: store.PeriodRow) -> Cover:
    return Cover(
        region_code=region,
        period_id=row.period_id,
        bill_id=row.bill_id,
        person_id=row.person_id,
        scheme_code=row.scheme_code,
        insured_year=row.insured_year,
        from_on=row.from_on,
        until_on=row.until_on,
        wait_months=row.wait_months,
        state=PeriodState(row.state),
        steps=steps_from(row.steps),
        policy_version_id=row.policy_version_id,
        recorded_at=row.recorded_at,
    )
