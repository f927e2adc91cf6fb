"""Several workers assess one region at once, each a lane of the run."""

from __future__ import annotations

import threading

import pytest

from canbao.billing import public as billing
from canbao.billing.checks import AUDITORS
from canbao.billing.public import AssessmentCounts
from canbao.billing.tests.conftest import VERSION, Assess
from canbao.billing.tests.register import Enrolled, Register
from canbao.kernel.clock import FixedClock
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.rulebook.parameters import RegionYear
from tests.owner import as_owner


@pytest.fixture
def many_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are cut into lanes of a few persons each."""
    monkeypatch.setattr("canbao.billing.rules.LANE_PERSONS_MIN", 7)


@pytest.mark.parametrize("is_cut", [False, True], ids=["one lane", "several lanes"])
def test_two_workers_share_a_run(
    register: Register, region: RegionCode, parameters: RegionYear, clock: FixedClock, is_cut: bool,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    if is_cut:
        request.getfixturevalue("many_lanes")
    register.put(*(Enrolled(name=f"person {number}") for number in range(60)))
    failures: list[BaseException] = []
    counts: list[int] = []
    ends: list[AssessmentCounts] = []
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait(timeout=20)
            with region_tx(region) as tx:
                plan = billing.assessment_plan(tx, parameters, VERSION, assessed_on=clock.today(), now=clock.now())
            done = False
            while not done:
                with region_tx(region) as tx:
                    page = billing.assess_page(tx, plan, now=clock.now(), limit=5)
                counts.append(page.counts.made_count)
                done = page.is_done
            ends.append(billing.assessment_counts(plan))
        except BaseException as failure:
            failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert failures == []
    assert sum(counts) == 60
    # Nobody leaves before the run is over, so both are told the same.
    assert ends == [AssessmentCounts(person_count=60, made_count=60)] * 2
    with as_owner() as session:
        found = session.execute("SELECT count(*), count(DISTINCT person_id) FROM billing_bill").fetchone()
        lanes = session.execute("SELECT count(*), bool_and(is_done) FROM billing_assessment_lane").fetchone()
        run = session.execute("SELECT state FROM billing_assessment").fetchall()
    assert found == (60, 60)
    assert lanes == ((8, True) if is_cut else (1, True))
    assert run == [("finished",)]
    assert [finding for auditor in AUDITORS for finding in auditor(region)] == []


def test_page_of_one_lane_does_not_wait_for_another(
    register: Register, region: RegionCode, parameters: RegionYear, clock: FixedClock, many_lanes: None
) -> None:
    register.put(*(Enrolled(name=f"person {number}") for number in range(60)))
    with region_tx(region) as tx:
        plan = billing.assessment_plan(tx, parameters, VERSION, assessed_on=clock.today(), now=clock.now())
        billing.assess_page(tx, plan, now=clock.now(), limit=1)  # prices the one class that everybody is of
    assert plan.lanes_left_count == 8
    made: list[int] = []

    def work() -> None:
        with region_tx(region) as tx:
            made.append(billing.assess_page(tx, plan, now=clock.now(), limit=1).counts.made_count)

    with region_tx(region) as tx:
        held = billing.assess_page(tx, plan, now=clock.now(), limit=1)
        other = threading.Thread(target=work)
        other.start()
        other.join(timeout=20)
        assert not other.is_alive()
    assert (held.counts.made_count, made) == (1, [1])
    assert billing.assessment_counts(plan) == AssessmentCounts(person_count=3, made_count=3)


def test_run_that_several_workers_left_goes_on_in_each_lane(
    register: Register, assess: Assess, region: RegionCode, parameters: RegionYear, clock: FixedClock, many_lanes: None
) -> None:
    register.put(*(Enrolled(name=f"person {number}") for number in range(60)))
    with region_tx(region) as tx:
        plan = billing.assessment_plan(tx, parameters, VERSION, assessed_on=clock.today(), now=clock.now())
    for _ in range(5):
        with region_tx(region) as tx:
            billing.assess_page(tx, plan, now=clock.now(), limit=4)
    done = billing.assessment_counts(plan).person_count
    assert 0 < done < 60
    assessed = assess(limit=4)
    assert assessed.plan.is_resumed
    assert assessed.plan.assessment_id == plan.assessment_id
    assert assessed.plan.enrolled_left_count == 60 - done
    assert assessed.counts == AssessmentCounts(person_count=60, made_count=60)
