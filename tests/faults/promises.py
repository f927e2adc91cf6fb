"""Reads docs/faults.md: what is promised of every fault at every moment, and where a fault does not strike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.wechat.faults import Endpoint, Fault
from tests.faults.days import DayEnd
from tests.faults.ends import End
from tests.faults.lives import MOMENTS_OF_ORDERS, Cell, Moment

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
EVERY_CALL = frozenset(
    {
        Moment.PLACE,
        Moment.PLACE_AND_LEAVE,
        Moment.QUERY,
        Moment.CLOSE,
        Moment.REFUND,
        Moment.REFUND_QUERY,
        Moment.TRADE_BILL,
        Moment.FUND_BILL,
    }
)
NAMED = re.compile(r"`([^`]+)`|\*([^*]+)\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How a cell ends, and how many requests it takes at most."""

    cell: Cell
    end: str
    asked_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a fault strikes, and why nowhere else."""

    fault: Fault
    moments: frozenset[Moment]
    reason: str


def promises_at(moment: Moment) -> list[Promise]:
    """Every promise of a moment, in the order of the page."""
    found = []
    for faults, *end in _table(str(moment)):
        asked = end.pop() if moment in MOMENTS_OF_ORDERS else "0"
        assert len(end) == len((End if moment in MOMENTS_OF_ORDERS else DayEnd).__slots__), f"{moment}: {end}"
        for name in _names(faults):
            cell = Cell(moment=moment, name=name)
            found.append(Promise(cell=cell, end=" | ".join(end), asked_most=int(asked)))
    return found


def reaches() -> list[Reach]:
    """Where each fault strikes, one entry for each mention."""
    return [
        Reach(fault=Fault(name), moments=frozenset(_moments(where)), reason=reason)
        for faults, where, reason in _table("Where a fault does not strike")
        for name in _names(faults)
    ]


def family(name: str) -> set[str]:
    """The faults of a family."""
    return set(_families()[name])


def calls_never_made() -> set[Endpoint]:
    """The channel's calls of which the page says that we never make them."""
    told = _section("Where a fault does not strike").rpartition("never made:")[2]
    return {Endpoint(name) for name in re.findall(r"`([^`]+)`", told)}


def _moments(where: str) -> Iterator[Moment]:
    for part in filter(None, (part.strip() for part in where.split(";"))):
        yield from EVERY_CALL if part == "every call" else (Moment(part),)


def _names(faults: str) -> Iterator[str]:
    """The faults of a line's first column, families spelled out."""
    for name, family in NAMED.findall(faults):
        yield from _families()[family] if family else (name,)


@cache
def _families() -> Mapping[str, list[str]]:
    return {
        family.strip("*"): re.findall(r"`([^`]+)`", faults)
        for family, faults in _table("How to read it")
        if family.startswith("*")
    }


def _table(heading: str) -> Iterator[list[str]]:
    """The rows of the tables under a heading, heads left out."""
    for line in _section(heading).splitlines():
        if line.startswith("| ") and not line.startswith(("| fault ", "| faults ", "| family ", "| column ")):
            yield [part.strip() for part in line.strip().strip("|").split("|")]


def _section(heading: str) -> str:
    for part in _page().split("\n## "):
        title, _, text = part.partition("\n")
        if title == heading:
            return text
    message = f"docs/faults.md has no section {heading!r}"
    raise AssertionError(message)


@cache
def _page() -> str:
    return PAGE.read_text(encoding="utf-8")
