"""Write the cover that settled bills buy: the reaction to a settled order and to a bill that the subsidy met alone.

Each bill's cover is judged by the values it was assessed under and by what the register says of its person on the day
it was settled. A bill that has its cover keeps it, so an event delivered twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from canbao.billing import public as billing
from canbao.billing.public import Bill, BillState
from canbao.coverage import public as coverage
from canbao.coverage.public import CoverToWrite, Facts, WriteStatus
from canbao.kernel.clock import Clock, civil_date
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.policy import public as policy
from canbao.rulebook.entitlement import Cover, CoverFacts, cover_of, lapsed_full_years
from canbao.rulebook.parameters import RegionYear


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverTally:
    """How many covers were written, were there already, and how many bills are not settled (and get none)."""

    written_count: int = 0
    exists_count: int = 0
    not_settled_count: int = 0


Judged = tuple[CoverToWrite | None, CanbaoError | None]


def write_cover(region: RegionCode, payloads: Sequence[Mapping[str, object]], *, clock: Clock) -> CoverTally:
    """Write the covers of the bills that the events name, all that can be judged in one transaction.

    A payload is `{order_id, bill_ids, paid_at}` of "order.settled" or `{bill_ids}` of "bill.met_by_subsidy". Raises the
    first refusal of the rulebook after the other covers were written, so that its event is delivered again and seen.
    """
    settled = _bill_ids(payloads)
    covered = {cover.bill_id for cover in coverage.of_bills(region, list(settled))}
    bills = [bill for bill in billing.bills(region, sorted(set(settled) - covered)) if _is_settled(bill)]
    judged = _judge(region, bills, settled)
    covers = [cover for cover, _ in judged if cover is not None]
    with region_tx(region) as tx:
        statuses = coverage.write(tx, covers, now=clock.now())
    refusals = [refusal for _, refusal in judged if refusal is not None]
    if refusals:
        raise refusals[0]
    written_count = statuses.count(WriteStatus.WRITTEN)
    return CoverTally(
        written_count=written_count,
        exists_count=len(covered) + len(statuses) - written_count,
        not_settled_count=len(settled) - len(covered) - len(bills),
    )


def _bill_ids(payloads: Sequence[Mapping[str, object]]) -> dict[UUID, date | None]:
    """The bills that the events name, each with the day its money was taken, where there was any."""
    found: dict[UUID, date | None] = {}
    for payload in payloads:
        bill_ids, paid_at = payload["bill_ids"], payload.get("paid_at")
        assert isinstance(bill_ids, list), "an event names its bills in a list"
        paid_on = None if paid_at is None else civil_date(datetime.fromisoformat(str(paid_at)))
        found.update(dict.fromkeys((UUID(str(bill_id)) for bill_id in bill_ids), paid_on))
    return found


def _is_settled(bill: Bill) -> bool:
    return bill.state in (BillState.PAID, BillState.MET_BY_SUBSIDY)


def _judge(region: RegionCode, bills: Sequence[Bill], settled: Mapping[UUID, date | None]) -> list[Judged]:
    """Each bill's cover or refusal. The register is read once per scheme and day, the rulebook asked once per set of
    facts.
    """
    judged: list[Judged] = []
    known: dict[tuple[UUID, CoverFacts], Cover] = {}
    parameters = {
        version_id: policy.version(version_id).parameters for version_id in {b.policy_version_id for b in bills}
    }
    by_day = sorted(bills, key=lambda bill: (bill.scheme_code, _settled_on(bill, settled)))
    for (scheme_code, on), group in groupby(by_day, key=lambda bill: (bill.scheme_code, _settled_on(bill, settled))):
        of_day = list(group)
        facts = coverage.facts_of(region, [bill.person_id for bill in of_day], scheme_code=scheme_code, on=on)
        for bill in of_day:
            asked = _facts(bill, facts[bill.person_id], on, parameters[bill.policy_version_id])
            key = (bill.policy_version_id, asked)
            try:
                if key not in known:
                    known[key] = cover_of(asked, parameters[bill.policy_version_id])
                judged.append((_to_write(bill, known[key]), None))
            except CanbaoError as refusal:
                judged.append((None, refusal))
    return judged


def _settled_on(bill: Bill, settled: Mapping[UUID, date | None]) -> date:
    """The day the money was taken; for a bill that the subsidy met alone, the day of its assessment."""
    return settled[bill.bill_id] or bill.assessed_on


def _facts(bill: Bill, found: Facts, paid_on: date, parameters: RegionYear) -> CoverFacts:
    return CoverFacts(
        insured_year=bill.insured_year,
        born_on=found.born_on,
        category_code=found.category_code,
        identity_codes=found.identity_codes,
        paid_on=paid_on,
        lapsed_years=lapsed_full_years(found.last_insured_year, found.born_on, parameters),
    )


def _to_write(bill: Bill, cover: Cover) -> CoverToWrite:
    return CoverToWrite(
        bill_id=bill.bill_id,
        person_id=bill.person_id,
        scheme_code=bill.scheme_code,
        insured_year=bill.insured_year,
        from_on=cover.from_on,
        until_on=cover.until_on,
        wait_months=cover.wait_months,
        steps=cover.steps,
        policy_version_id=bill.policy_version_id,
    )
