"""Book what the assisting fund owes for paid bills that were lessened: the reaction to "bill.lessened".

An identity recognised after payment lowers what a person owes and raises her assistance by as much, for the whole
contribution stays what it was. The refund takes the difference out of the income and gives it back to her; here it
comes in again, owed by the fund that assists her, until the bill is undone as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from canbao.billing import public as billing
from canbao.billing.public import Bill, UndoneBill
from canbao.kernel.clock import Clock
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger


def book_differences(region: RegionCode, payloads: Sequence[Mapping[str, object]], *, clock: Clock) -> int:
    """Post one transfer per difference of the bills named, and one against them where the whole was undone afterwards;
    answers how many. Told twice it is booked once.
    """
    wanted = sorted(set(_bill_ids(payloads)))
    bills = {bill.bill_id: bill for bill in billing.bills(region, wanted)}
    facts: list[ledger.Fact] = []
    lessened: dict[UUID, int] = {}
    for undone in billing.undone(region, wanted):
        bill = bills[undone.bill_id]
        if undone.is_whole:
            facts.append(_returned(bill, undone, Fen(lessened.get(bill.bill_id, 0))))
        else:
            facts.append(_met(bill, undone))
            lessened[bill.bill_id] = lessened.get(bill.bill_id, 0) + undone.amount_fen
    with region_tx(region) as tx:
        ledger.post(tx, facts, now=clock.now())
    return len(facts)


def _met(bill: Bill, undone: UndoneBill) -> ledger.DifferenceMet:
    return ledger.DifferenceMet(
        refund_id=undone.refund_id,
        bill_id=bill.bill_id,
        scheme_code=bill.scheme_code,
        due_from=bill.due_from,
        due_until=bill.due_until,
        amount_fen=undone.amount_fen,
        happened_at=undone.recorded_at,
    )


def _returned(bill: Bill, undone: UndoneBill, lessened_fen: Fen) -> ledger.DifferenceReturned:
    return ledger.DifferenceReturned(
        refund_id=undone.refund_id,
        bill_id=bill.bill_id,
        scheme_code=bill.scheme_code,
        due_from=bill.due_from,
        due_until=bill.due_until,
        amount_fen=lessened_fen,
        happened_at=undone.recorded_at,
    )


def _bill_ids(payloads: Sequence[Mapping[str, object]]) -> Iterator[UUID]:
    for payload in payloads:
        bill_ids = payload["bill_ids"]
        assert isinstance(bill_ids, list), "an event names its bills in a list"
        yield from (UUID(str(bill_id)) for bill_id in bill_ids)
