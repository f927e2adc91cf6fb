"""Whether a parameter file makes sense: what the types cannot see.

Sources must exist, days must stand in order, groups must be named once, and no kind of person may have two
standards. Each finding is a path into the file and a reason; `reading.py` adds file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pydantic import BaseModel

from canbao.rulebook.contribution import ambiguous_standards
from canbao.rulebook.parameters import Assistance, RegionYear
from canbao.rulebook.sourced import NotPublished

Finding = tuple[tuple[str | int, ...], str]


def senseless(parameters: RegionYear) -> Iterator[Finding]:
    """Every path whose value contradicts another, with the reason."""
    yield from _sources(parameters)
    yield from _years(parameters)
    yield from _window(parameters)
    yield from _standards(parameters)
    yield from _assistance(parameters)


def _sources(parameters: RegionYear) -> Iterator[Finding]:
    used: set[str] = set()
    for path, key in _source_keys(parameters, ()):
        used.add(key)
        if key not in parameters.sources:
            yield path, f"names the source “{key}”, which the sources table does not have"
    for key in parameters.sources.keys() - used:
        yield ("sources", key), "is used by no value; remove it or name it"


def _source_keys(model: BaseModel, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for field in type(model).model_fields:
        value = getattr(model, field)
        if field == "source" and isinstance(value, str):
            yield (*path, field), value
        elif isinstance(value, BaseModel):
            yield from _source_keys(value, (*path, field))
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, BaseModel):
                    yield from _source_keys(item, (*path, field, index))


def _years(parameters: RegionYear) -> Iterator[Finding]:
    year = parameters.insured_year
    first, last = parameters.cover.first_on.value, parameters.cover.last_on.value
    if first > last or first.year != year:
        yield ("cover",), f"does not begin in the insured year {year}, or ends before it begins"
    if parameters.due_period.first.value > parameters.due_period.last.value:
        yield ("due_period",), "ends before it begins"
    if parameters.due_period.first.value // 100 != year:
        yield ("due_period", "first"), f"does not begin in the insured year {year}"
    if not year - 1 <= parameters.notice_year.value <= year:
        yield ("notice_year",), f"is neither {year} nor the year before"


def _window(parameters: RegionYear) -> Iterator[Finding]:
    window, last_cover = parameters.window, parameters.cover.last_on.value
    opens = None if isinstance(window.opens_on, NotPublished) else window.opens_on.value
    closes = None if isinstance(window.closes_on, NotPublished) else window.closes_on.value
    if opens and closes and opens > closes:
        yield ("window", "closes_on"), "lies before the window opens"
    if closes and closes > last_cover:
        yield ("window", "closes_on"), "lies after the last day of cover"
    if isinstance(window.late, NotPublished):
        return
    until = None if isinstance(window.late.until_on, NotPublished) else window.late.until_on.value
    if closes is None:
        yield ("window", "late"), "is published although the window's last day is not"
    elif until and until <= closes:
        yield ("window", "late", "until_on"), "does not lie after the window's last day"
    if until and until > last_cover:
        yield ("window", "late", "until_on"), "lies after the last day of cover: the payer would buy nothing"


def _standards(parameters: RegionYear) -> Iterator[Finding]:
    for index, category in ambiguous_standards(parameters):
        yield (
            ("standards", index),
            f"and an earlier standard both fit category {category}; tell them apart by age or tier",
        )


def _assistance(parameters: RegionYear) -> Iterator[Finding]:
    groups = [rule.group for rule in parameters.assistance]
    for index, group in enumerate(groups):
        if group in groups[:index]:
            yield ("assistance", index, "group"), f"“{group}” is described twice"
    for index, rule in enumerate(parameters.assistance):
        yield from _never_above_standard(parameters, index, rule)
    if not isinstance(parameters.waiting, NotPublished):
        codes = sorted(group.code for group in parameters.waiting.exempt_groups)
        for one, other in pairwise(codes):
            if one == other:
                yield ("waiting", "exempt_groups"), f"“{one}” is described twice"


def _never_above_standard(parameters: RegionYear, index: int, rule: Assistance) -> Iterator[Finding]:
    highest = max(standard.amount_fen for standard in parameters.standards)
    for way in ("person_pays_yuan", "assisted_yuan"):
        amount = getattr(rule, way)
        if amount is not None and amount.value > highest:
            yield ("assistance", index, way), "is more than any standard of this file: check the amount"
