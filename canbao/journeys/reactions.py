"""What follows what: the one table from an event's name to the journeys that react to it.

A reaction gets every payload of its event in the batch, may be run twice, and opens its own transaction. Nothing else
in the platform reacts to anything: a reader finds the next step here with a text search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from canbao.journeys.book_assistance import book_assistance
from canbao.journeys.book_differences import book_differences
from canbao.journeys.write_cover import write_cover
from canbao.kernel.clock import Clock
from canbao.kernel.regions import RegionCode


def _cover(region: RegionCode, payloads: Sequence[Mapping[str, Any]], clock: Clock) -> None:
    write_cover(region, payloads, clock=clock)


def _assistance(region: RegionCode, payloads: Sequence[Mapping[str, Any]], clock: Clock) -> None:
    book_assistance(region, payloads, clock=clock)


def _differences(region: RegionCode, payloads: Sequence[Mapping[str, Any]], clock: Clock) -> None:
    book_differences(region, payloads, clock=clock)


Reaction = Callable[[RegionCode, Sequence[Mapping[str, Any]], Clock], None]

REACTIONS: dict[str, tuple[Reaction, ...]] = {
    "order.settled": (_cover,),
    "bill.met_by_subsidy": (_assistance, _cover),
    "bill.lessened": (_differences,),
}
