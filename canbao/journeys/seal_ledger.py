"""Bind what was posted to a region's books into its chain, roll the balances up, and seal the days that are over.

Runs behind the money, in small transactions, and may be stopped and started at any point; two of them do not get in
each other's way."""

from __future__ import annotations

from dataclasses import dataclass

from canbao.kernel.clock import Clock
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger

BATCH = 5000
"""Transfers bound in one transaction: well under a second."""

BATCHES_MAX = 200
"""A run ends after a million transfers; the next one goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a run did. `is_busy`: another run had the chain, so this one left it alone."""

    transfer_count: int
    day_count: int
    is_busy: bool


def seal_ledger(region: RegionCode, *, clock: Clock) -> Tally:
    """Seal everything that waits in the region, in bounded transactions."""
    transfer_count = day_count = 0
    for _ in range(BATCHES_MAX):
        with region_tx(region) as tx:
            sealed = ledger.seal(tx, now=clock.now(), limit=BATCH)
        transfer_count += sealed.transfer_count
        day_count += sealed.day_count
        if sealed.is_busy or not sealed.has_more:
            return Tally(transfer_count=transfer_count, day_count=day_count, is_busy=sealed.is_busy)
    return Tally(transfer_count=transfer_count, day_count=day_count, is_busy=False)
