"""The front door of policy: which values are in force, for which region and year, and publishing new ones.

A published version is never changed. What is in force is the newest version published at or before the instant asked
about; a bill names the version it was made by, and `version` gives exactly that one back, years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.policy import store
from canbao.policy.errors import FILE_MISSING as FILE_MISSING
from canbao.policy.errors import FILE_NOT_TEXT as FILE_NOT_TEXT
from canbao.policy.errors import FILE_OUTSIDE as FILE_OUTSIDE
from canbao.policy.errors import FILE_TOO_LARGE as FILE_TOO_LARGE
from canbao.policy.errors import FILE_TWICE as FILE_TWICE
from canbao.policy.errors import FILE_UNREADABLE as FILE_UNREADABLE
from canbao.policy.errors import NOT_PUBLISHED, REGION_UNKNOWN, VERSION_UNKNOWN
from canbao.policy.errors import PUBLISHER_UNNAMED as PUBLISHER_UNNAMED
from canbao.policy.rules import digest_of
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.window import window_on

RESIDENT_MEDICAL = "390"
"""The scheme code of resident basic medical insurance (城乡居民基本医疗保险)."""

VALUES = Path(__file__).parent / "values"
"""The parameter files that come with the platform: `<region>/<insured year>.yaml`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region that takes part, in the words that people see."""

    region_code: RegionCode
    name_zh: str
    name_en: str
    phone_area_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPolicy:
    """A published version with its parameters. `is_new` is true only in the answer to the publication that made it."""

    version_id: UUID
    version_no: int
    parameters: RegionYear
    digest: str
    published_by: str
    published_at: Instant
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVersion:
    """A version as it stands in the list of all."""

    region_code: RegionCode
    scheme_code: str
    insured_year: int
    version_id: UUID
    version_no: int
    digest: str
    published_by: str
    published_at: Instant


def in_force(region: RegionCode, scheme_code: str, insured_year: int, *, at: Instant | None = None) -> PublishedPolicy:
    """The version in force at an instant; without one, the newest. Errors: `policy.not_published`."""
    row = store.version_in_force(region, scheme_code, insured_year, at)
    if row is None:
        raise NOT_PUBLISHED(region=int(region), scheme=scheme_code, year=insured_year)
    return _published(row)


def version(version_id: UUID) -> PublishedPolicy:
    """A version by id, in force or not: what a bill was made by. Errors: `policy.version_unknown`."""
    row = store.version(version_id)
    if row is None:
        raise VERSION_UNKNOWN(version=str(version_id))
    return _published(row)


def years_payable(region: RegionCode, scheme_code: str, on: date) -> list[PublishedPolicy]:
    """The newest version of every year whose ordinary window is open, or open to late payers, on that day; ascending.

    A year whose window or amounts have no sufficient source is never among them.
    """
    newest = (in_force(region, scheme_code, year) for year in store.years(region, scheme_code))
    return [published for published in newest if window_on(published.parameters, on).is_payable]


def publish(tx: Tx, parameters: RegionYear, *, by: str, now: Instant) -> PublishedPolicy:
    """Publish a region's values for a year, in a national transaction.

    The same values as the newest version are that version, and nothing is written: publishing twice is publishing
    once. Other values become the next version, also where an older version said the same: going back is a
    publication too.
    """
    digest = digest_of(parameters)
    region, scheme_code, year = parameters.region_code, parameters.scheme_code, parameters.insured_year
    newest = store.version_in_force(region, scheme_code, year, None)
    # A publisher who loses the race for a number sees the winner's version in the next round; each round someone wins.
    while newest is None or newest.digest != digest:
        version_no = newest.version_no + 1 if newest is not None else 1
        version_id = derived_id("policy_version", int(region), scheme_code, year, version_no, digest)
        store.keep_names(tx, parameters, now=now)
        if store.insert_version(
            tx, parameters, version_id=version_id, version_no=version_no, digest=digest, by=by, now=now
        ):
            return PublishedPolicy(
                version_id=version_id,
                version_no=version_no,
                parameters=parameters,
                digest=digest,
                published_by=by,
                published_at=now,
                is_new=True,
            )
        newest = store.version_in_force(region, scheme_code, year, None)
    return _published(newest)


def regions() -> list[Region]:
    """Every region that takes part, by code."""
    return [_region(row) for row in store.regions()]


def region(code: RegionCode) -> Region:
    """One region. Errors: `policy.region_unknown`."""
    for row in store.regions():
        if row.region_code == code:
            return _region(row)
    raise REGION_UNKNOWN(region=int(code))


def versions() -> list[ListedVersion]:
    """Every version ever published, by region, scheme, year and number."""
    return [
        ListedVersion(
            region_code=RegionCode(row.region_code),
            scheme_code=row.scheme_code,
            insured_year=row.insured_year,
            version_id=row.id,
            version_no=row.version_no,
            digest=row.digest,
            published_by=row.published_by,
            published_at=row.published_at,
        )
        for row in store.versions()
    ]


def shipped_files() -> list[Path]:
    """The parameter files that come with the platform, by region and year."""
    return sorted(VALUES.glob("*/*.yaml"))


def _published(row: store.VersionRow) -> PublishedPolicy:
    return PublishedPolicy(
        version_id=row.id,
        version_no=row.version_no,
        parameters=store.parameters_of(row.id),
        digest=row.digest,
        published_by=row.published_by,
        published_at=row.published_at,
    )


def _region(row: store.RegionRow) -> Region:
    return Region(
        region_code=RegionCode(row.region_code),
        name_zh=row.name_zh,
        name_en=row.name_en,
        phone_area_code=row.phone_area_code,
    )
