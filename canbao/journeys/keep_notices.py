"""Keep what channels told us, before we acknowledge it.

The intake verifies notices and hands them over in batches; here they become rows of their regions. Nothing is judged:
an acknowledged notice is durable, and what it means is `settle_orders`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments


def keep_notices(notices: Sequence[payments.NoticeToKeep]) -> int:
    """Keep verified notices, each in its region; answers how many were new. Returns only after the commit.

    Raises when the database cannot be reached: the caller then answers failure, and the channel repeats itself.
    """
    new = 0
    placed = sorted(((payments.region_of_notice(kept.notice), kept) for kept in notices), key=lambda pair: pair[0])
    for region, of_region in groupby(placed, key=lambda pair: pair[0]):
        with region_tx(region) as tx:
            new += payments.keep_notices(tx, [kept for _, kept in of_region])
    return new
