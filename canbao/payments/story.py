"""Everything the room knows of an order's number, in time order: for who answers a payer's question."""

from __future__ import annotations

from dataclasses import dataclass

from canbao.kernel.clock import Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, reading

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One thing that happened: when, where it is kept (`order`, `query`, `notice`, ...), what, and its numbers."""

    at: Instant
    source: str
    what: str
    detail: str


def story_of(region: RegionCode, order_no: str) -> list[StoryLine]:
    """Moves, calls, notices, captures, refunds and cases of an order's number; empty when nobody knows it."""
    with reading(region) as reader:
        return reader.rows(statements["read_story"], StoryLine, order_no=order_no)
