"""The values a rule is given: one `RegionYear` per region, scheme and insured year.

Everything in the scheme is a parameter of the pooling area and has a year; no national constant lives in code. The
four years of the field are four values here: the year of the notice, the window in which money is collected, the
insured year, and the due period. The types mirror the YAML files under `policy/values`, which a jurist can read;
`reading.py` turns text into them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Discriminator, Field, StrictInt, StrictStr, Tag, model_validator

from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode, region_code
from canbao.rulebook.identities import IdentityCode
from canbao.rulebook.sourced import (
    FIRM,
    STRICT,
    MaybeCount,
    MaybeDay,
    MaybeYuan,
    MonthDay,
    NotPublished,
    Reliability,
    Source,
    Sourced,
    SourcedCount,
    SourcedDay,
    SourcedFlag,
    SourcedPercent,
    SourcedYuan,
    SourceEntry,
    Words,
    Year,
    YearMonth,
    entry_kind,
)

FORMAT = 1
"""The version of the file format; a file says which one it was written for."""


class StartRule(StrEnum):
    """From which day cover runs."""

    BIRTH = "birth"
    COVER_START = "cover_start"
    PAYMENT_DAY = "payment_day"
    DAY_AFTER_PAYMENT = "day_after_payment"
    FIRST_OF_NEXT_MONTH = "first_of_next_month"
    AFTER_WAIT = "after_wait"


SourcedStart = Sourced[StartRule]
MaybeStart = Annotated[
    Annotated[SourcedStart, Tag("sourced")] | Annotated[NotPublished, Tag("not_published")], Discriminator(entry_kind)
]


Items = TypeVar("Items", bound=tuple[object, ...])


def _not_empty(items: Items) -> Items:
    if not items:
        message = "is empty"
        raise ValueError(message)
    return items


def _region(value: int) -> RegionCode:
    try:
        return region_code(value)
    except CanbaoError:
        message = "is not a six-digit region code"
        raise ValueError(message) from None


class Region(BaseModel):
    """The pooling area the file is for, in the words that people see."""

    model_config = STRICT

    code: Annotated[StrictInt, AfterValidator(_region)]
    name: Words
    phone_area_code: Sourced[Annotated[StrictStr, Field(pattern=r"^0\d{2,3}$")]]


class Scheme(BaseModel):
    """The scheme (险种), by its national code."""

    model_config = STRICT

    code: Annotated[StrictStr, Field(pattern=r"^\d{3}(\d{2})?$")]
    name: Words
    source: StrictStr


class DuePeriod(BaseModel):
    """The due period (费款所属期), first and last month, both counted."""

    model_config = STRICT

    first: Sourced[YearMonth]
    last: Sourced[YearMonth]


class CoverYear(BaseModel):
    """First and last day of the cover that a payment in time buys."""

    model_config = STRICT

    first_on: SourcedDay
    last_on: SourcedDay


class Late(BaseModel):
    """What follows for someone who pays after the window. `full_yuan` is what is due without subsidy from a later
    day on.
    """

    model_config = STRICT

    until_on: MaybeDay
    wait_months: SourcedCount
    full_yuan: SourcedYuan | None = None
    full_from_on: SourcedDay | None = None

    @model_validator(mode="after")
    def _whole(self) -> Late:
        if (self.full_yuan is None) != (self.full_from_on is None):
            message = "full_yuan and full_from_on are given together or not at all"
            raise ValueError(message)
        return self


MaybeLate = Annotated[
    Annotated[Late, Tag("sourced")] | Annotated[NotPublished, Tag("not_published")], Discriminator(entry_kind)
]


class Window(BaseModel):
    """The collection window (集中缴费期): first and last day, both counted, and what follows later."""

    model_config = STRICT

    opens_on: MaybeDay
    closes_on: MaybeDay
    paid_after_cover_start: MaybeStart
    late: MaybeLate


class Ages(BaseModel):
    """An age range in completed years on the file's age day: `minimum` belongs to it, `below` does not."""

    model_config = STRICT

    minimum: Annotated[StrictInt, Field(ge=0, le=150)] = 0
    below: Annotated[StrictInt, Field(ge=1, le=151)] | None = None
    source: StrictStr
    note: Words | None = None

    @model_validator(mode="after")
    def _forward(self) -> Ages:
        if self.below is not None and self.below <= self.minimum:
            message = "the age range is empty"
            raise ValueError(message)
        return self

    def holds(self, age: int) -> bool:
        """Whether an age lies in the range."""
        return self.minimum <= age and (self.below is None or age < self.below)


Category = Annotated[StrictStr, Field(pattern=r"^\d{2}(\d{2})?$")]


class Extra(BaseModel):
    """An item collected with the contribution, such as long-term care."""

    model_config = STRICT

    name: Words
    yuan: SourcedYuan


class Standard(BaseModel):
    """A contribution standard (缴费标准): what one kind of person pays before any help."""

    model_config = STRICT

    name: Words
    categories: Annotated[tuple[Category, ...], AfterValidator(_not_empty)]
    ages: Ages | None = None
    tier: StrictStr | None = None
    yuan: SourcedYuan
    extras: tuple[Extra, ...] = ()

    @property
    def amount_fen(self) -> Fen:
        """The standard with its extra items."""
        return Fen(self.yuan.value + sum(extra.yuan.value for extra in self.extras))


class Assistance(BaseModel):
    """Help with the contribution (参保资助) for one group: who, and exactly one way of saying how much."""

    model_config = STRICT

    group: Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
    name: Words
    identities: tuple[IdentityCode, ...] = ()
    ages: Ages | None = None
    categories: tuple[Category, ...] = ()
    paid_in_full: Sourced[Literal[True]] | None = None
    person_pays_yuan: SourcedYuan | None = None
    assisted_yuan: SourcedYuan | None = None
    assisted_percent: SourcedPercent | None = None
    not_published: Words | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Assistance:
        ways = [self.paid_in_full, self.person_pays_yuan, self.assisted_yuan, self.assisted_percent, self.not_published]
        if sum(way is not None for way in ways) != 1:
            message = (
                "give exactly one of paid_in_full, person_pays_yuan, assisted_yuan, assisted_percent, not_published"
            )
            raise ValueError(message)
        if not self.identities and self.ages is None and not self.categories:
            message = "says nobody: give identities, ages or categories"
            raise ValueError(message)
        return self

    @property
    def amount(self) -> Sourced[Literal[True]] | SourcedYuan | SourcedPercent | None:
        """The value that says how much; None where it is not published."""
        return self.paid_in_full or self.person_pays_yuan or self.assisted_yuan or self.assisted_percent


class Newborn(BaseModel):
    """Rules for a newborn (新生儿). Exactly one limit is given: days or months after birth, or a day of the birth
    year.
    """

    model_config = STRICT

    limit_days: SourcedCount | None = None
    limit_months: SourcedCount | None = None
    paid_before: Sourced[MonthDay] | None = None
    in_time_start: SourcedStart
    after_limit_start: MaybeStart
    after_limit_until_months: MaybeCount
    choice_days: MaybeCount

    @model_validator(mode="after")
    def _one_limit(self) -> Newborn:
        if sum(limit is not None for limit in (self.limit_days, self.limit_months, self.paid_before)) != 1:
            message = "give exactly one of limit_days, limit_months, paid_before"
            raise ValueError(message)
        if isinstance(self.after_limit_start, NotPublished) != isinstance(self.after_limit_until_months, NotPublished):
            message = "after_limit_start and after_limit_until_months are published together or not at all"
            raise ValueError(message)
        return self


MaybeNewborn = Annotated[
    Annotated[Newborn, Tag("sourced")] | Annotated[NotPublished, Tag("not_published")], Discriminator(entry_kind)
]


class ExemptGroup(BaseModel):
    """A group that does not wait."""

    model_config = STRICT

    code: Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
    name: Words
    exempt: Sourced[Literal[True]]


class Waiting(BaseModel):
    """The waiting period (待遇等待期) of the national rule of 2024, whose details the provinces decide."""

    model_config = STRICT

    fixed_months: SourcedCount
    months_per_lapsed_year: SourcedCount
    first_lapse_year_counts: SourcedFlag
    months_cut_per_repaired_year: SourcedCount
    long_lapse_years: SourcedCount
    long_lapse_months_at_least: SourcedCount
    lapse_years_counted_from: Sourced[Year]
    exempt_groups: tuple[ExemptGroup, ...]


MaybeWaiting = Annotated[
    Annotated[Waiting, Tag("sourced")] | Annotated[NotPublished, Tag("not_published")], Discriminator(entry_kind)
]


class GovernmentSubsidy(BaseModel):
    """The government's part (财政补助). `is_minimum` says that the figure is the national floor, not the region's
    own.
    """

    model_config = STRICT

    yuan: MaybeYuan
    is_minimum: bool = False


class Refund(BaseModel):
    """What a region says of refunds (退费): how long after cover has begun money may still go back, and by when it is
    back. A file without this section is read as `national_refund.yaml` says.
    """

    model_config = STRICT

    after_cover_start_working_days: SourcedCount
    automatic_days: SourcedCount
    decided_working_days: SourcedCount


class Reconciliation(BaseModel):
    """What a region says of resolving discrepancies (差错处理). A file without this section is read as
    `national_reconciliation.yaml` says.
    """

    model_config = STRICT

    two_people_above_yuan: SourcedYuan


class RegionYear(BaseModel):
    """All values of one region, scheme and insured year, as published."""

    model_config = STRICT

    format: Literal[1]
    region: Region
    scheme: Scheme
    notice_year: Sourced[Year]
    insured_year: Year
    due_period: DuePeriod
    cover: CoverYear
    window: Window
    age_on: SourcedDay
    standards: Annotated[tuple[Standard, ...], AfterValidator(_not_empty)]
    government_subsidy: GovernmentSubsidy
    assistance: tuple[Assistance, ...]
    newborn: MaybeNewborn
    waiting: MaybeWaiting
    refund: Refund | None = None
    reconciliation: Reconciliation | None = None
    sources: dict[str, SourceEntry]

    @property
    def region_code(self) -> RegionCode:
        """The region."""
        return RegionCode(self.region.code)

    @property
    def scheme_code(self) -> str:
        """The scheme, 390 for residents."""
        return self.scheme.code

    @property
    def collected_from(self) -> date | None:
        """First day of the window; None where it is not published."""
        return None if isinstance(self.window.opens_on, NotPublished) else self.window.opens_on.value

    @property
    def collected_until(self) -> date | None:
        """The day after the window's last day (half-open); None where it is not published."""
        closes = self.window.closes_on
        return None if isinstance(closes, NotPublished) else closes.value + timedelta(days=1)

    @property
    def cover_until_on(self) -> date:
        """The day after the last day of cover (half-open)."""
        return self.cover.last_on.value + timedelta(days=1)

    def source(self, key: str, reliability: Reliability | None = None) -> Source:
        """The source behind a key of this file, resolved for a step. `reliability` overrides the source's own where
        given.
        """
        entry = self.sources[key]
        return Source(
            key=key,
            reference=entry.reference("zh"),
            reference_en=entry.reference("en"),
            dated_on=entry.issued_on,
            reliability=reliability or entry.reliability,
        )

    def source_of(self, value: Sourced[object]) -> Source:
        """The source of one value of this file."""
        return self.source(value.source, value.reliability)

    def obstacles(self) -> tuple[Words, ...]:
        """Why no money may be taken by these values; empty where it may.

        A window that is not published, and an amount that is only a sample (D) or our own reading (unsourced), are
        shown to people and explained, and nobody is charged by them.
        """
        return tuple(dict.fromkeys(self._obstacles()))

    def _obstacles(self) -> Iterator[Words]:
        for edge in (self.window.opens_on, self.window.closes_on):
            if isinstance(edge, NotPublished):
                yield edge.not_published
            elif not self._is_firm(edge):
                yield Words(zh="集中缴费期的日期只有不可靠的来源", en="The window's dates have no reliable source")
        for standard in self.standards:
            if not all(self._is_firm(part) for part in (standard.yuan, *(extra.yuan for extra in standard.extras))):
                yield Words(
                    zh=f"“{standard.name.zh}”的缴费标准只有样例数据，不能据此收款",
                    en=f"The standard for “{standard.name.en}” is sample data; no money is taken by it",
                )
        if any(rule.amount is not None and not self._is_firm(rule.amount) for rule in self.assistance):
            yield Words(
                zh="参保资助的金额只有样例数据，不能据此收款",
                en="The amounts of assistance are sample data; no money is taken by them",
            )

    def _is_firm(self, value: Sourced[object]) -> bool:
        return self.source_of(value).reliability in FIRM
