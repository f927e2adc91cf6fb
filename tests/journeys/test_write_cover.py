"""Cover follows settled bills: from when until when, why, once, and never for a bill that is not settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from canbao.billing import public as billing
from canbao.billing.public import OrderBills
from canbao.billing.tests.register import Enrolled, Register
from canbao.coverage import public as coverage
from canbao.coverage.checks import AUDITORS
from canbao.journeys.assess_year import assess_year
from canbao.journeys.publish_policy import publish_policy
from canbao.journeys.write_cover import CoverTally, write_cover
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.policy import public as policy
from tests.owner import as_owner

ORDER = derived_id("test.order", 1)
IN_NOVEMBER = datetime(2024, 11, 15, 3, 0, tzinfo=UTC)


@pytest.fixture
def register(db: None, region: RegionCode, clock: FixedClock) -> Register:
    """Nanchang's register, empty, and its values published."""
    publish_policy([policy.VALUES / "360100" / "2025.yaml"], by="a clerk", clock=clock)
    return Register(region)


Settle = Callable[..., dict[str, object]]


@pytest.fixture
def settle(region: RegionCode, clock: FixedClock) -> Settle:
    """Assesses, pays the bills of persons at an instant, and gives the event that tells of it."""

    def run(person_ids: list[UUID], *, paid_at: datetime = IN_NOVEMBER) -> dict[str, object]:
        assess_year(region, "390", 2025, clock=clock)
        bill_ids = [found.bill_id for found in billing.bills_of(region, person_ids, clock.today())]
        with region_tx(region) as tx:
            billing.lock(tx, bill_ids, order_id=ORDER, locked_until=clock.now(), now=clock.now())
            settled = OrderBills(order_id=ORDER, bill_ids=tuple(bill_ids), paid_at=paid_at)
            billing.mark_paid(tx, [settled], now=clock.now())
        return {
            "order_id": str(ORDER),
            "bill_ids": [str(bill_id) for bill_id in bill_ids],
            "paid_at": paid_at.isoformat(),
        }

    return run


def test_family_is_covered_from_new_year(
    register: Register, settle: Settle, region: RegionCode, clock: FixedClock
) -> None:
    ids = register.put(
        Enrolled(name="payer"),
        Enrolled(name="child", born_on=date(2015, 6, 1), category_code="1403"),
        Enrolled(name="newborn", born_on=date(2024, 11, 1), category_code="1401"),
    )
    event = settle(ids)
    assert write_cover(region, [event], clock=clock) == CoverTally(written_count=3)
    for person_id in ids:
        (cover,) = coverage.of_person(region, person_id)
        assert (cover.from_on, cover.until_on, cover.wait_months) == (date(2025, 1, 1), date(2026, 1, 1), 0)
        assert not cover.covers(clock.today())
        assert cover.covers(date(2025, 12, 31))
        assert cover.steps[0].source.reference != ""
    assert [finding for auditor in AUDITORS for finding in auditor(region)] == []


def test_event_delivered_twice_changes_nothing(
    register: Register, settle: Settle, region: RegionCode, clock: FixedClock
) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    event = settle([payer])
    write_cover(region, [event, event], clock=clock)
    before = coverage.of_person(region, payer)
    assert write_cover(region, [event], clock=clock) == CoverTally(exists_count=1)
    assert coverage.of_person(region, payer) == before


def test_payment_after_the_window_waits_three_months(
    register: Register, settle: Settle, region: RegionCode, clock: FixedClock
) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    event = settle([payer], paid_at=datetime(2025, 3, 10, 1, 0, tzinfo=UTC))
    write_cover(region, [event], clock=clock)
    (cover,) = coverage.of_person(region, payer)
    assert (cover.from_on, cover.wait_months) == (date(2025, 6, 10), 3)


def test_day_of_payment_is_chinas(register: Register, settle: Settle, region: RegionCode, clock: FixedClock) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    event = settle([payer], paid_at=datetime(2025, 3, 9, 16, 30, tzinfo=UTC))
    write_cover(region, [event], clock=clock)
    assert coverage.of_person(region, payer)[0].from_on == date(2025, 6, 10)


def test_bill_met_by_the_subsidy_is_covered_without_an_order(
    register: Register, region: RegionCode, clock: FixedClock
) -> None:
    (elder,) = register.put(Enrolled(name="elder", born_on=date(1940, 5, 5)))
    assess_year(region, "390", 2025, clock=clock)
    (met,) = billing.bills_of(region, [elder], clock.today())
    assert write_cover(region, [{"bill_ids": [str(met.bill_id)]}], clock=clock) == CoverTally(written_count=1)
    (cover,) = coverage.of_bills(region, [met.bill_id])
    assert (cover.from_on, cover.until_on) == (date(2025, 1, 1), date(2026, 1, 1))
    assert cover.policy_version_id == met.policy_version_id


def test_bill_that_is_not_settled_gets_no_cover(register: Register, region: RegionCode, clock: FixedClock) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    assess_year(region, "390", 2025, clock=clock)
    (due,) = billing.bills_of(region, [payer], clock.today())
    event = {"order_id": str(ORDER), "bill_ids": [str(due.bill_id)], "paid_at": IN_NOVEMBER.isoformat()}
    assert write_cover(region, [event], clock=clock) == CoverTally(not_settled_count=1)
    assert coverage.of_person(region, payer) == []


def test_refused_cover_is_told_after_the_others_were_written(
    register: Register, settle: Settle, region: RegionCode, clock: FixedClock
) -> None:
    payer, unborn = register.put(
        Enrolled(name="payer"), Enrolled(name="unborn", born_on=date(2024, 11, 20), category_code="1401")
    )
    event = settle([payer, unborn])
    with pytest.raises(Exception, match=r"rulebook\.paid_before_birth"):
        write_cover(region, [event], clock=clock)
    assert len(coverage.of_person(region, payer)) == 1
    assert coverage.of_person(region, unborn) == []


def test_explanation_is_kept_once_for_all_who_share_it(
    register: Register, settle: Settle, region: RegionCode, clock: FixedClock
) -> None:
    ids = register.put(*(Enrolled(name=f"person {number}") for number in range(5)))
    write_cover(region, [settle(ids)], clock=clock)
    with as_owner() as session:
        found = session.execute(
            "SELECT (SELECT count(*) FROM coverage_period), (SELECT count(*) FROM coverage_explanation)"
        ).fetchone()
    assert found == (5, 1)
