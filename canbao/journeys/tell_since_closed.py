"""Put before people the closed days of which something was recorded since: a payment or a refund learned of late, a
corrected statement. Run each night over all days, and after statements were compared over the last weeks.
"""

from __future__ import annotations

from datetime import date

from canbao.kernel.clock import Clock
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import SinceClosed

BEGINNING_ON = date(2000, 1, 1)
"""Before any day that was closed."""


def tell_since_closed(region: RegionCode, *, from_on: date, clock: Clock) -> list[SinceClosed]:
    """Look at the closed days from `from_on` on; answers those of which something was recorded since. A day that was
    closed again, or is otherwise as it was closed, stands before nobody any more.
    """
    with region_tx(region) as tx:
        return reconciliation.tell_since_closed(tx, from_on=from_on, until_on=clock.today(), now=clock.now())
