"""Events written with the money and delivered after it.

A journey appends an event in its transaction; the worker claims due events of a region, runs the reaction that
`canbao.journeys.reactions` names for each, and marks them delivered. A reaction that fails is tried again, later each
time, and every reaction can be run twice: delivery is at least once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import uuid7
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, national_reading, reading

statements = Statements(__package__)

RETRY_S = (1, 5, 30, 120, 600, 3600)
"""How long after a failed delivery the next one waits, in seconds; the last one repeats."""


LEASE_S = 60
"""How long a taken event is left to its taker; if that process dies, another takes it afterwards."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event to deliver."""

    id: UUID
    name: str
    payload: dict[str, Any]
    attempts: int


def append(tx: Tx, name: str, payloads: Sequence[Mapping[str, object]], *, now: Instant) -> None:
    """Write events with the transaction. Payloads hold ids and plain words, never personal data."""
    if not payloads:
        return
    tx.run(
        statements["append_events"],
        ids=sorted((uuid7(now) for _ in payloads), key=attrgetter("int")),
        name=name,
        payloads=[json.dumps(payload, default=str) for payload in payloads],
        now=now,
    )


def claim(tx: Tx, *, now: Instant, limit: int) -> list[Event]:
    """Take due events of the region, oldest first, leased for `LEASE_S`; what another worker is taking is skipped."""
    leased_until = now + timedelta(seconds=LEASE_S)
    taken = tx.rows(statements["claim_events"], Event, now=now, leased_until=leased_until, limit=limit)
    return sorted(taken, key=lambda event: event.id)


def mark_delivered(tx: Tx, ids: Sequence[UUID], *, now: Instant) -> None:
    """These events were delivered."""
    tx.run(statements["mark_delivered"], ids=list(ids), now=now)


def mark_failed(tx: Tx, ids: Sequence[UUID], *, error: str, now: Instant) -> None:
    """These deliveries failed: each is due again after its place in `RETRY_S`. `error` holds no personal data."""
    tx.run(statements["mark_failed"], ids=list(ids), error=error[:500], now=now, retry_s=list(RETRY_S))


def regions_with_due_events(now: Instant) -> list[RegionCode]:
    """Regions that have something to deliver."""
    with national_reading() as reader:
        return [RegionCode(found) for found in reader.scalars(statements["list_regions_due"], now=now)]


def undelivered_count(region: RegionCode) -> int:
    """How many events of a region still wait."""
    with reading(region) as reader:
        return int(reader.scalars(statements["count_undelivered"])[0])
