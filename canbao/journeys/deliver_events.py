"""Deliver what may follow the money: take due events of a region and run the reactions to each.

Events are leased, reacted to outside any transaction, and marked afterwards: delivery is at least once. When a batch
fails each of its events is tried alone, so that one that cannot be delivered holds up no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import structlog

from canbao.journeys.reactions import REACTIONS
from canbao.kernel import outbox
from canbao.kernel.clock import Clock
from canbao.kernel.outbox import Event
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx

log = structlog.get_logger(__name__)


def deliver_events(region: RegionCode, *, clock: Clock, limit: int = 200) -> int:
    """Deliver the region's due events, at most `limit`; answers how many were taken."""
    with region_tx(region) as tx:
        events = outbox.claim(tx, now=clock.now(), limit=limit)
    by_name = sorted(events, key=lambda event: (event.name, event.id))
    for name, of_name in groupby(by_name, key=lambda event: event.name):
        _deliver(region, name, list(of_name), clock=clock)
    return len(events)


def _deliver(region: RegionCode, name: str, events: Sequence[Event], *, clock: Clock) -> None:
    try:
        for react in REACTIONS[name]:
            react(region, [event.payload for event in events], clock)
    except Exception as failure:
        if len(events) > 1:
            for event in events:
                _deliver(region, name, [event], clock=clock)
            return
        _mark_failed(region, events[0], failure, clock=clock)
        return
    with region_tx(region) as tx:
        outbox.mark_delivered(tx, [event.id for event in events], now=clock.now())


def _mark_failed(region: RegionCode, event: Event, failure: Exception, *, clock: Clock) -> None:
    """Keep only the kind of failure: its text may hold what it failed on."""
    log.warning(
        "event_not_delivered",
        name=event.name,
        region_code=region,
        attempts=event.attempts + 1,
        error=type(failure).__name__,
    )
    with region_tx(region) as tx:
        outbox.mark_failed(tx, [event.id], error=type(failure).__name__, now=clock.now())
