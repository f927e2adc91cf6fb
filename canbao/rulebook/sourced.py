"""A value and where it comes from: nothing in a parameter file is a bare number.

Each value names an entry of its file's table of sources, and that entry says title, number, date and how far it can
be relied on. What a source does not say is written as `not_published` with a sentence, so that an absent number is a
statement, not a gap. Both travel into the steps that people see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
)

from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen, parse_yuan

STRICT = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
"""Every model of the rulebook: unchangeable, and a word it does not know is a finding, not ignored."""

Value = TypeVar("Value", covariant=True)


class Reliability(StrEnum):
    """How far a value can be relied on: A official text, B two or more independent sources, C one secondary source,
    D doubtful.
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    UNSOURCED = "unsourced"


FIRM = frozenset({Reliability.A, Reliability.B, Reliability.C})
"""What money may be taken by. D is sample data, and unsourced is our own reading: both are shown and neither is
charged.
"""


class Words(BaseModel):
    """A sentence or name in the two source languages; traditional characters are made at the door."""

    model_config = STRICT

    zh: Annotated[StrictStr, AfterValidator(lambda text: _filled(text))]
    en: Annotated[StrictStr, AfterValidator(lambda text: _filled(text))]


class SourceEntry(BaseModel):
    """One row of a file's table of sources. It holds no web address: addresses die, documents have numbers."""

    model_config = STRICT

    title: Words
    number: StrictStr | None = None
    issued_on: Annotated[date, BeforeValidator(lambda value: _day(value))] | None = None
    reliability: Reliability

    def reference(self, language: str) -> str:
        """Title and number as they are cited."""
        title = self.title.en if language == "en" else self.title.zh
        if self.number is None:
            return title
        return f"{title} ({self.number})" if language == "en" else f"{title}（{self.number}）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value comes from, resolved: what a step shows beside its amount."""

    key: str
    reference: str
    reference_en: str
    dated_on: date | None
    reliability: Reliability


class Sourced(BaseModel, Generic[Value]):
    """A value with its source. `reliability` is given here only where it differs from the source's own, with a note
    saying why.
    """

    model_config = STRICT

    value: Value
    source: StrictStr
    reliability: Reliability | None = None
    note: Words | None = None


class NotPublished(BaseModel):
    """What the sources read do not say, with the sentence that people see in its place."""

    model_config = STRICT

    not_published: Words


def entry_kind(value: Any) -> str:
    """Which of the two a document's entry is meant to be: told by its key, so that a finding is about one of them
    only.
    """
    given = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
    return "not_published" if "not_published" in given else "sourced"


def _filled(text: str) -> str:
    if not text:
        message = "is empty"
        raise ValueError(message)
    return text


def _yuan(value: Any) -> Fen:
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            return parse_yuan(str(value))
        except CanbaoError:
            message = "is not an amount of yuan; write 400 or '400.50'"
            raise ValueError(message) from None
    message = "is not an amount of yuan; write 400, or '400.50' in quotes"
    raise ValueError(message)


def _day(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            message = "is a date that does not exist"
            raise ValueError(message) from None
    message = "is not a day; write a date such as 2024-09-15"
    raise ValueError(message)


def _as_yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _year_month(value: int) -> int:
    if not (190001 <= value <= 299912 and 1 <= value % 100 <= 12):
        message = "is not a month written yyyymm"
        raise ValueError(message)
    return value


def _month_day(value: str) -> str:
    if re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|30|31)", value, re.ASCII) is None:
        message = "is not a day of the year written mm-dd"
        raise ValueError(message)
    return value


def _year(value: int) -> int:
    if not 1949 <= value <= 2999:
        message = "is not a year"
        raise ValueError(message)
    return value


def _not_negative(value: int) -> int:
    if value < 0:
        message = "is negative"
        raise ValueError(message)
    return value


def _percent(value: int) -> int:
    if not 0 <= value <= 100:
        message = "is not a percentage from 0 to 100"
        raise ValueError(message)
    return value


Yuan = Annotated[Fen, BeforeValidator(_yuan), PlainSerializer(_as_yuan, return_type=str, when_used="json")]
"""Written in yuan, because a jurist reads the file; held in fen."""

Day = Annotated[date, BeforeValidator(_day)]
"""A civil date in China. A bare number is refused, which would otherwise be read as seconds."""

YearMonth = Annotated[StrictInt, AfterValidator(_year_month)]
MonthDay = Annotated[StrictStr, AfterValidator(_month_day)]
Year = Annotated[StrictInt, AfterValidator(_year)]
Count = Annotated[StrictInt, AfterValidator(_not_negative)]
Percent = Annotated[StrictInt, AfterValidator(_percent)]

SourcedYuan = Sourced[Yuan]
SourcedDay = Sourced[Day]
SourcedCount = Sourced[Count]
SourcedFlag = Sourced[StrictBool]
SourcedPercent = Sourced[Percent]

MaybeYuan = Annotated[
    Annotated[SourcedYuan, Tag("sourced")] | Annotated[NotPublished, Tag("not_published")], Discriminator(entry_kind)
]
MaybeDay = Annotated[
    Annotated[SourcedDay, Tag("sourced")] | Annotated[NotPublished, Tag("not_published")], Discriminator(entry_kind)
]
MaybeCount = Annotated[
    Annotated[SourcedCount, Tag("sourced")] | Annotated[NotPublished, Tag("not_published")], Discriminator(entry_kind)
]
