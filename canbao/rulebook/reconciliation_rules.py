"""The rules of resolving discrepancies that hold in a region: its own where its file has them, else the national
reading, which is a file like a region's (`national_reconciliation.yaml`) and says of itself that it has no source.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, model_validator

from canbao.kernel.money import Fen
from canbao.kernel.yaml_text import read_yaml
from canbao.rulebook.parameters import Reconciliation, RegionYear
from canbao.rulebook.sourced import STRICT, Source, SourceEntry, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationRules:
    """The rules in force. Resolving takes two people above `two_people_above_fen`; `source` and `note` say where that
    amount comes from. `is_national`: the region publishes none of its own.
    """

    two_people_above_fen: Fen
    source: Source
    note: Words | None
    is_national: bool


class _National(BaseModel):
    """The file of the national reading."""

    model_config = STRICT

    format: Literal[1]
    reconciliation: Reconciliation
    sources: dict[str, SourceEntry]

    @model_validator(mode="after")
    def _whole(self) -> _National:
        if set(self.sources) != {self.reconciliation.two_people_above_yuan.source}:
            message = "lists the sources that it uses"
            raise ValueError(message)
        return self


def reconciliation_rules(parameters: RegionYear | None) -> ReconciliationRules:
    """The rules for a region by its newest values; the national reading where there are none."""
    own = parameters.reconciliation if parameters is not None else None
    if parameters is None or own is None:
        return national_reconciliation()
    limit = own.two_people_above_yuan
    return ReconciliationRules(
        two_people_above_fen=limit.value, source=parameters.source_of(limit), note=limit.note, is_national=False
    )


@lru_cache(maxsize=1)
def national_reconciliation() -> ReconciliationRules:
    """The national reading."""
    text = resources.files(__package__).joinpath("national_reconciliation.yaml").read_text(encoding="utf-8")
    found = _National.model_validate(read_yaml(text))
    limit = found.reconciliation.two_people_above_yuan
    entry = found.sources[limit.source]
    return ReconciliationRules(
        two_people_above_fen=limit.value,
        source=Source(
            key=limit.source,
            reference=entry.reference("zh"),
            reference_en=entry.reference("en"),
            dated_on=entry.issued_on,
            reliability=limit.reliability or entry.reliability,
        ),
        note=limit.note,
        is_national=True,
    )
