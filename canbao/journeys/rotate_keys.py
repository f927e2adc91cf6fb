"""Re-seal what an older key sealed under the newest one.

Each page is a transaction of its own, and a row says which key sealed it: stopping at any point loses nothing, and
running again goes on with what is left. When nothing is left the old key may be taken off the ring.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from canbao.documents import public as documents
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.registry import public as registry

PAGE = 500

Reseal = Callable[[Tx, int], int]

ROOMS: tuple[Reseal, ...] = (
    lambda tx, limit: registry.reseal(tx, limit=limit),
    lambda tx, limit: payments.reseal(tx, limit=limit),
    lambda tx, limit: documents.reseal(tx, limit=limit),
)


def rotate_keys(regions: Sequence[RegionCode], *, progress: Callable[[int], None] = lambda done: None) -> int:
    """Re-seal every row of these regions that an older key sealed; answers how many. `progress` hears of each page."""
    done = 0
    for region in regions:
        for reseal in ROOMS:
            while resealed := _page(region, reseal):
                done += resealed
                progress(resealed)
    return done


def _page(region: RegionCode, reseal: Reseal) -> int:
    with region_tx(region) as tx:
        return reseal(tx, PAGE)
