"""Book what the assisting fund owes for bills that the subsidy met alone: the reaction to "bill.met_by_subsidy".

Where a payer pays a part, the assisted part is booked with her payment; here nobody pays, so it follows the assessment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from canbao.billing import public as billing
from canbao.billing.public import BillState
from canbao.kernel.clock import Clock, start_of_day
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger


def book_assistance(region: RegionCode, payloads: Sequence[Mapping[str, object]], *, clock: Clock) -> int:
    """Post one transfer per bill met; answers how many bills were named. Told twice it is booked once."""
    bills = billing.bills(region, sorted(set(_bill_ids(payloads))))
    facts = [
        ledger.AssistanceMet(
            bill_id=bill.bill_id,
            scheme_code=bill.scheme_code,
            due_from=bill.due_from,
            due_until=bill.due_until,
            amount_fen=bill.assistance_fen,
            happened_at=start_of_day(bill.assessed_on),
        )
        for bill in bills
        if bill.state is BillState.MET_BY_SUBSIDY
    ]
    with region_tx(region) as tx:
        ledger.post(tx, facts, now=clock.now())
    return len(facts)


def _bill_ids(payloads: Sequence[Mapping[str, object]]) -> Iterator[UUID]:
    for payload in payloads:
        bill_ids = payload["bill_ids"]
        assert isinstance(bill_ids, list), "an event names its bills in a list"
        yield from (UUID(str(bill_id)) for bill_id in bill_ids)
