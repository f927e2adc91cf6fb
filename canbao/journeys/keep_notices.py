"""Keep what channels told us, before we acknowledge it.

The intake verifies notices and hands them over in batches; here they become rows of their regions. Nothing is judged:
an acknowledged notice is durable, and what it means is `settle_orders`' business.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import groupby

from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.policy import public as policy


def keep_notices(notices: Sequence[payments.NoticeToKeep]) -> int:
    """Keep verified notices, each in its region; answers how many were new. Returns only after the commit.

    Raises when the database cannot be reached: the caller then answers failure, and the channel repeats itself.
    """
    taking_part = {found.region_code for found in policy.regions()}
    placed = sorted(((_place(kept, taking_part), kept) for kept in notices), key=lambda pair: pair[0])
    new = 0
    for region, of_region in groupby(placed, key=lambda pair: pair[0]):
        with region_tx(region) as tx:
            new += payments.keep_notices(tx, [kept for _, kept in of_region])
    return new


def _place(kept: payments.NoticeToKeep, taking_part: Set[RegionCode]) -> RegionCode:
    """Where a notice is kept: a number of a region that takes no part is nobody's, and nobody audits there."""
    region = payments.region_of_notice(kept.notice)
    return region if region in taking_part else NATION
