"""What statements tell of one order: for who answers a payer's question."""

from __future__ import annotations

from dataclasses import dataclass

from canbao.kernel.clock import Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, reading

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTold:
    """A line of a trade statement with its verdict (`line`), or of a fund statement (`funds`)."""

    at: Instant
    source: str
    what: str
    detail: str


def lines_of_order(region: RegionCode, order_no: str) -> list[LineTold]:
    """Every line of current statements that tells of an order's payments and refunds, in time order."""
    with reading(region) as reader:
        return reader.rows(statements["read_lines_of_order"], LineTold, order_no=order_no)
