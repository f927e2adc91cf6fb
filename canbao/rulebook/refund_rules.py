"""The rules of refunds that hold in a region and year: its own where its file has them, else the national reading.

The national reading is a file like a region's (`national_refund.yaml`), so that no number of it lives in code, and says
of itself that it is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, model_validator

from canbao.kernel.yaml_text import read_yaml
from canbao.rulebook.parameters import Refund, RegionYear
from canbao.rulebook.refund_reasons import RefundReason
from canbao.rulebook.sourced import STRICT, Source, Sourced, SourceEntry, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedDays:
    """A number of days, where it comes from, and what is to be said of how it was read."""

    days: int
    source: Source
    note: Words | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedReason:
    """Where it is written that a reason lets money go back, and what is to be said of how that was read."""

    source: Source
    note: Words | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRules:
    """The rules in force. `is_national`: the region publishes none of its own, so the numbers are the national reading.

    `after_start` counts working days after the first day of cover, `automatic` days from the capture, `decided`
    working days from the asking. `reasons` say where each reason is written.
    """

    after_start: SourcedDays
    automatic: SourcedDays
    decided: SourcedDays
    reasons: Mapping[RefundReason, SourcedReason]
    is_national: bool


class _National(BaseModel):
    """The file of the national reading."""

    model_config = STRICT

    format: Literal[1]
    refund: Refund
    reasons: dict[RefundReason, Sourced[Literal[True]]]
    sources: dict[str, SourceEntry]

    @model_validator(mode="after")
    def _whole(self) -> _National:
        if set(self.reasons) != set(RefundReason):
            message = "names every reason once"
            raise ValueError(message)
        numbers = (
            self.refund.after_cover_start_working_days,
            self.refund.automatic_days,
            self.refund.decided_working_days,
        )
        used = {value.source for value in (*numbers, *self.reasons.values())}
        if used != set(self.sources):
            message = f"uses the sources {sorted(used)} and lists {sorted(self.sources)}"
            raise ValueError(message)
        return self

    def source_of(self, value: Sourced[object]) -> Source:
        entry = self.sources[value.source]
        return Source(
            key=value.source,
            reference=entry.reference("zh"),
            reference_en=entry.reference("en"),
            dated_on=entry.issued_on,
            reliability=value.reliability or entry.reliability,
        )


def refund_rules(parameters: RegionYear) -> RefundRules:
    """The rules of refunds for a region, scheme and insured year."""
    own = parameters.refund
    if own is None:
        return national_rules()
    national = national_rules()
    return RefundRules(
        after_start=_of_region(parameters, own.after_cover_start_working_days),
        automatic=_of_region(parameters, own.automatic_days),
        decided=_of_region(parameters, own.decided_working_days),
        reasons=national.reasons,
        is_national=False,
    )


@lru_cache(maxsize=1)
def national_rules() -> RefundRules:
    """The national reading."""
    text = resources.files(__package__).joinpath("national_refund.yaml").read_text(encoding="utf-8")
    found = _National.model_validate(read_yaml(text))

    def days(value: Sourced[int]) -> SourcedDays:
        return SourcedDays(days=value.value, source=found.source_of(value), note=value.note)

    return RefundRules(
        after_start=days(found.refund.after_cover_start_working_days),
        automatic=days(found.refund.automatic_days),
        decided=days(found.refund.decided_working_days),
        reasons={
            reason: SourcedReason(source=found.source_of(found.reasons[reason]), note=found.reasons[reason].note)
            for reason in RefundReason
        },
        is_national=True,
    )


def _of_region(parameters: RegionYear, value: Sourced[int]) -> SourcedDays:
    return SourcedDays(days=value.value, source=parameters.source_of(value), note=value.note)
