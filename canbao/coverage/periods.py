"""A period of cover as others see it, what is handed in to write or end one, and the statuses of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from canbao.coverage.states import PeriodState
from canbao.kernel.clock import Instant
from canbao.kernel.regions import RegionCode
from canbao.rulebook.entitlement import CoverStep
from canbao.rulebook.sourced import Reliability, Source


class WriteStatus(StrEnum):
    """What became of a cover handed in, in order of precedence: the bill's first cover stands."""

    EXISTS = "exists"
    EXISTS_WITH_DIFFERENT_CONTENT = "exists_with_different_content"
    WRITTEN = "written"


class EndStatus(StrEnum):
    """What became of an ending handed in: `not_within` is a day before the period's first or after its end."""

    NOT_IN_FORCE = "not_in_force"
    NOT_WITHIN = "not_within"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverToWrite:
    """The cover that a settled bill buys, from a day until a day (half-open), with every step of its making."""

    bill_id: UUID
    person_id: UUID
    scheme_code: str
    insured_year: int
    from_on: date
    until_on: date
    wait_months: int
    steps: tuple[CoverStep, ...]
    policy_version_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverToEnd:
    """A bill whose cover ends: `until_on` is the first day without cover. For cover that never begins that is its own
    first day, and for cover that has run out already, whose bill is undone only now, the day it ran out. The reason
    names no person.
    """

    bill_id: UUID
    until_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverMoved:
    """A period of cover was written or ended: its days and state after that, the reason of an end, and when it was
    recorded.
    """

    bill_id: UUID
    event: str
    state: str
    from_on: date
    until_on: date
    reason: str
    recorded_at: Instant
    move_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A period of cover. `is_empty`: the wait outlasts the year, and not one day is covered."""

    region_code: RegionCode
    period_id: UUID
    bill_id: UUID
    person_id: UUID
    scheme_code: str
    insured_year: int
    from_on: date
    until_on: date
    wait_months: int
    state: PeriodState
    steps: tuple[CoverStep, ...]
    policy_version_id: UUID
    recorded_at: Instant

    @property
    def is_empty(self) -> bool:
        """Whether not one day is covered."""
        return self.from_on >= self.until_on

    def covers(self, on: date) -> bool:
        """Whether a day is covered; an ended period covers until it ended."""
        return self.from_on <= on < self.until_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the register says of a person that decides about cover."""

    person_id: UUID
    born_on: date
    category_code: str
    last_insured_year: int | None
    identity_codes: frozenset[str]


def steps_document(steps: tuple[CoverStep, ...]) -> list[dict[str, object]]:
    """Steps as they are kept."""
    return [
        {
            "label_zh": step.label_zh,
            "label_en": step.label_en,
            "source": {
                "key": step.source.key,
                "reference": step.source.reference,
                "reference_en": step.source.reference_en,
                "dated_on": step.source.dated_on.isoformat() if step.source.dated_on is not None else None,
                "reliability": str(step.source.reliability),
            },
        }
        for step in steps
    ]


def steps_from(documents: list[dict[str, Any]]) -> tuple[CoverStep, ...]:
    """The steps that `steps_document` kept."""
    return tuple(
        CoverStep(label_zh=found["label_zh"], label_en=found["label_en"], source=_source(found["source"]))
        for found in documents
    )


def _source(found: Mapping[str, Any]) -> Source:
    dated_on = found["dated_on"]
    return Source(
        key=found["key"],
        reference=found["reference"],
        reference_en=found["reference_en"],
        dated_on=date.fromisoformat(dated_on) if dated_on is not None else None,
        reliability=Reliability(found["reliability"]),
    )
