"""The only file of the room that runs SQL.

A version never changes, so its parsed parameters are held by id for the life of the process; which version is in
force is asked every time, by one index look-up, so that a publication is seen by every process at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, national_reading
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import from_document, to_document

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version without its document."""

    id: UUID
    version_no: int
    digest: str
    published_by: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """A version with what it is for."""

    region_code: int
    scheme_code: str
    insured_year: int
    id: UUID
    version_no: int
    digest: str
    published_by: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRow:
    """A region in the words of its newest publication."""

    region_code: int
    name_zh: str
    name_en: str
    phone_area_code: str


def version_in_force(region: RegionCode, scheme_code: str, insured_year: int, at: Instant | None) -> VersionRow | None:
    """The newest version published at or before `at`; the newest of all without it."""
    with national_reading() as reader:
        return reader.one(
            statements["find_version_in_force"],
            VersionRow,
            region_code=int(region),
            scheme_code=scheme_code,
            insured_year=insured_year,
            at=at,
        )


def version(version_id: UUID) -> VersionRow | None:
    """A version by id."""
    with national_reading() as reader:
        return reader.one(statements["find_version"], VersionRow, id=version_id)


@lru_cache(maxsize=512)
def parameters_of(version_id: UUID) -> RegionYear:
    """The parameters of a version that exists."""
    return from_document(document_of(version_id), file=f"version {version_id}")


def document_of(version_id: UUID) -> dict[str, object]:
    """The kept document of a version that exists, as it lies in the database."""
    with national_reading() as reader:
        documents: list[dict[str, object]] = reader.scalars(statements["read_document"], id=version_id)
    assert len(documents) == 1, f"policy version {version_id} was there a moment ago"
    return documents[0]


def years(region: RegionCode, scheme_code: str) -> list[int]:
    """The insured years published for a region and scheme."""
    with national_reading() as reader:
        return reader.scalars(statements["list_years"], region_code=int(region), scheme_code=scheme_code)


def versions() -> list[ListedRow]:
    """Every version ever published."""
    with national_reading() as reader:
        return reader.rows(statements["list_versions"], ListedRow)


def regions() -> list[RegionRow]:
    """Every region that takes part."""
    with national_reading() as reader:
        return reader.rows(statements["list_regions"], RegionRow)


def keep_names(tx: Tx, parameters: RegionYear, *, now: Instant) -> None:
    """Keep the names of region and scheme as this publication says them."""
    region, scheme = parameters.region, parameters.scheme
    tx.run(
        statements["keep_region"],
        region_code=int(parameters.region_code),
        name_zh=region.name.zh,
        name_en=region.name.en,
        phone_area_code=region.phone_area_code.value,
        now=now,
    )
    tx.run(
        statements["keep_scheme"],
        scheme_code=scheme.code,
        name_zh=scheme.name.zh,
        name_en=scheme.name.en,
        now=now,
    )


def insert_version(
    tx: Tx, parameters: RegionYear, *, version_id: UUID, version_no: int, digest: str, by: str, now: Instant
) -> bool:
    """Append a version; False where its number was taken meanwhile."""
    count = tx.run(
        statements["insert_version"],
        id=version_id,
        region_code=int(parameters.region_code),
        scheme_code=parameters.scheme_code,
        insured_year=parameters.insured_year,
        version_no=version_no,
        digest=digest,
        document=json.dumps(to_document(parameters), ensure_ascii=False),
        published_by=by,
        now=now,
    )
    return count == 1
