"""The only file of coverage that runs SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from canbao.coverage.periods import CoverMoved, CoverToEnd, CoverToWrite, EndStatus, steps_document
from canbao.coverage.states import PERIOD, PeriodState
from canbao.kernel.clock import Instant
from canbao.kernel.ids import derived_id, uuid7
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading

statements = Statements(__package__)

IN_FORCE = str(PeriodState.IN_FORCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRow:
    """A period of cover as the statements return it."""

    period_id: UUID
    bill_id: UUID
    person_id: UUID
    scheme_code: str
    insured_year: int
    from_on: date
    until_on: date
    wait_months: int
    state: str
    policy_version_id: UUID
    recorded_at: Instant
    steps: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRow:
    """What the register says, as the statement returns it."""

    person_id: UUID
    born_on: date
    category_code: str
    last_insured_year: int | None
    identity_codes: list[str]


def facts_of(region: RegionCode, person_ids: Sequence[UUID], scheme_code: str, on: date) -> list[FactsRow]:
    """What the register says of persons."""
    with reading(region) as reader:
        return reader.rows(
            statements["read_facts"], FactsRow, person_ids=list(person_ids), scheme_code=scheme_code, on=on
        )


def periods_of_bills(region: RegionCode, bill_ids: Sequence[UUID]) -> list[PeriodRow]:
    """The periods in force of bills."""
    with reading(region) as reader:
        return reader.rows(statements["list_periods_of_bills"], PeriodRow, bill_ids=list(bill_ids))


def periods_of_person(region: RegionCode, person_id: UUID) -> list[PeriodRow]:
    """All periods of a person."""
    with reading(region) as reader:
        return reader.rows(statements["list_periods_of_person"], PeriodRow, person_id=person_id)


def moves_of_bills(region: RegionCode, person_ids: Sequence[UUID], bill_ids: Sequence[UUID]) -> list[CoverMoved]:
    """Births and moves of the periods of bills."""
    with reading(region) as reader:
        return reader.rows(
            statements["list_moves_of_bills"],
            CoverMoved,
            person_ids=list(person_ids),
            bill_ids=list(bill_ids),
            state_at_birth=IN_FORCE,
        )


def insert(tx: Tx, covers: Sequence[CoverToWrite], *, now: Instant) -> set[UUID]:
    """Write covers, one per bill at most; answers the bills whose cover was written."""
    kept: dict[UUID, str] = {}
    explanation_ids: list[UUID] = []
    for cover in covers:
        steps = json.dumps(steps_document(cover.steps), ensure_ascii=False, sort_keys=True)
        explanation_id = derived_id("coverage.explanation", steps)
        kept[explanation_id] = steps
        explanation_ids.append(explanation_id)
    tx.run(statements["insert_explanations"], ids=list(kept), steps=list(kept.values()), now=now)
    written = tx.scalars(
        statements["insert_periods"],
        ids=[uuid7(now) for _ in covers],
        bill_ids=[cover.bill_id for cover in covers],
        person_ids=[cover.person_id for cover in covers],
        scheme_codes=[cover.scheme_code for cover in covers],
        insured_years=[cover.insured_year for cover in covers],
        froms_on=[cover.from_on for cover in covers],
        untils_on=[cover.until_on for cover in covers],
        waits_months=[cover.wait_months for cover in covers],
        explanation_ids=explanation_ids,
        policy_version_ids=[cover.policy_version_id for cover in covers],
        state=IN_FORCE,
        now=now,
    )
    return set(written)


def end(tx: Tx, endings: Sequence[CoverToEnd], *, now: Instant) -> list[EndStatus]:
    """Judge, then end what can be ended."""
    sources = PERIOD.sources("end")
    judged = tx.tuples(
        statements["judge_ends"],
        bill_ids=[ending.bill_id for ending in endings],
        untils_on=[ending.until_on for ending in endings],
        sources=sources,
    )
    statuses = [EndStatus(status) for _, status in judged]
    ended = [
        (period_id, ending)
        for (period_id, _), status, ending in zip(judged, statuses, endings, strict=True)
        if status is EndStatus.ENDED
    ]
    if ended:
        ids = [period_id for period_id, _ in ended]
        untils_on = [ending.until_on for _, ending in ended]
        tx.run(
            statements["record_ends"],
            ids=ids,
            untils_on=untils_on,
            reasons=[ending.reason for _, ending in ended],
            event="end",
            sources=sources,
            target=PERIOD.target("end"),
            now=now,
        )
        moved = tx.run(
            statements["end_periods"], ids=ids, untils_on=untils_on, sources=sources, target=PERIOD.target("end")
        )
        assert moved == len(ended), "every held period ended"
    return statuses
