"""The yearly assessment as a clerk runs it: from published values and the register to bills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from canbao.billing import public as billing
from canbao.billing.checks import AUDITORS
from canbao.billing.public import AssessmentCounts, BillState
from canbao.billing.tests.register import Enrolled, Register
from canbao.journeys.assess_year import AssessmentProgress, assess_year
from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.clock import FixedClock
from canbao.kernel.environment import process_clock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.policy import public as policy
from canbao.site.cli.main import app
from tests.owner import as_owner

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def register(db: None, region: RegionCode, clock: FixedClock) -> Register:
    """Nanchang's register, empty, and its values published."""
    publish_policy([policy.VALUES / "360100" / "2025.yaml"], by="a clerk", clock=clock)
    return Register(region)


@pytest.fixture
def business_date(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command line's clock stands on the demonstration's business date."""
    monkeypatch.setenv("CANBAO_CLOCK", "2024-11-15")
    process_clock.cache_clear()
    yield
    process_clock.cache_clear()


def canbao(*words: str) -> Result:
    """Runs a command of the command line."""
    return CliRunner().invoke(app, list(words))


def events(region: RegionCode) -> list[str]:
    """The ids of bills that events say were met by the subsidy."""
    with as_owner() as session:
        rows = session.execute(
            "SELECT jsonb_array_elements_text(payload->'bill_ids') FROM kernel_outbox_event "
            "WHERE region_code = %s AND name = 'bill.met_by_subsidy'",
            [region],
        ).fetchall()
    return sorted(row[0] for row in rows)


def bill_count() -> int:
    """How many bills there are."""
    with as_owner() as session:
        found = session.execute("SELECT count(*) FROM billing_bill").fetchone()
    assert found is not None
    return int(found[0])


def test_year_is_assessed_with_progress_and_events(register: Register, region: RegionCode, clock: FixedClock) -> None:
    *_, destitute = register.put(
        *(Enrolled(name=f"person {number}") for number in range(7)),
        Enrolled(name="destitute", identity_codes=("destitute",)),
    )
    seen: list[AssessmentProgress] = []
    tally = assess_year(region, "390", 2025, clock=clock, progress=seen.append, page_size=3)
    assert tally.counts == AssessmentCounts(person_count=8, made_count=8, met_by_subsidy_count=1)
    assert (tally.policy_version_no, tally.assessed_on, tally.is_resumed) == (1, date(2024, 11, 15), False)
    assert [progress.done_count for progress in seen] == [3, 6, 8, 8]
    assert {progress.left_count for progress in seen} == {8}
    (met,) = billing.bills_of(region, [destitute], clock.today())
    assert met.state is BillState.MET_BY_SUBSIDY
    assert events(region) == [str(met.bill_id)]
    again = assess_year(region, "390", 2025, clock=clock)
    assert again.counts == AssessmentCounts(person_count=8, unchanged_count=8)
    assert events(region) == [str(met.bill_id)]


def test_untouched_bills_are_named(register: Register, region: RegionCode, clock: FixedClock) -> None:
    held, paid = register.put(Enrolled(name="held"), Enrolled(name="paid"))
    assess_year(region, "390", 2025, clock=clock)
    ids = {found.person_id: found.bill_id for found in billing.bills_of(region, [held, paid], clock.today())}
    for order in (UUID(int=1), UUID(int=2)):
        bill_id = ids[held] if order.int == 1 else ids[paid]
        with region_tx(region) as tx:
            billing.lock(tx, [bill_id], order_id=order, locked_until=clock.now(), now=clock.now())
    with region_tx(region) as tx:
        settled = billing.OrderBills(order_id=UUID(int=2), bill_ids=(ids[paid],), paid_at=clock.now())
        billing.mark_paid(tx, [settled], now=clock.now())
    for person_id in (held, paid):
        register.grant(person_id, ["minimum_living"])
    tally = assess_year(region, "390", 2025, clock=clock)
    assert tally.left_locked_nos == (make_no(region, Kind.BILL, ids[held]),)
    assert tally.changed_after_payment_nos == (make_no(region, Kind.BILL, ids[paid]),)


@pytest.mark.parametrize(
    "region_code, year, code",
    [
        (360100, 2031, "policy.not_published"),
        (999999, 2025, "policy.region_unknown"),
        (360100, 2025, "billing.enrolled_nobody"),
    ],
)
def test_refusal_makes_no_bill(register: Register, clock: FixedClock, region_code: int, year: int, code: str) -> None:
    Register(RegionCode(130100)).put(Enrolled(name="stranger"))
    with pytest.raises(CanbaoError) as refused:
        assess_year(RegionCode(region_code), "390", year, clock=clock)
    assert refused.value.code == code
    with as_owner() as session:
        runs = session.execute("SELECT count(*) FROM billing_assessment").fetchone()
    assert (bill_count(), runs) == (0, (0,))


def test_command_prints_one_object(register: Register, business_date: None) -> None:
    register.put(Enrolled(name="payer"), Enrolled(name="employee", category_code="1101"))
    done = canbao("assess", "--region", "360100", "--scheme", "390", "--year", "2025", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert {name: told[name] for name in ("person_count", "made_count", "not_priced_count", "assessed_on")} == {
        "person_count": 2,
        "made_count": 1,
        "not_priced_count": 1,
        "assessed_on": "2024-11-15",
    }
    assert told["refused_classes"][0]["category_code"] == "1101"
    shown = canbao("assess", "--region", "360100", "--year", "2025")
    assert shown.exit_code == 0
    assert "没有变化" in shown.stdout


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("--region", "36010", "--year", "2025"), "it has six digits"),
        (("--region", "360100", "--year", "2025", "--on", "15.11.2024"), "--on is a date such as 2024-11-15"),
        (("--region", "360100", "--year", "2026"), "policy.not_published"),
    ],
)
def test_command_refuses_with_a_sentence(
    register: Register, business_date: None, words: tuple[str, ...], sentence: str
) -> None:
    register.put(Enrolled(name="payer"))
    done = canbao("assess", *words)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert bill_count() == 0


KILLED = """
import os, signal
from canbao.site.start import prepare
prepare(database=False)
from canbao.journeys.assess_year import assess_year
from canbao.kernel.environment import process_clock
from canbao.kernel.regions import RegionCode
def stop(progress):
    if progress.done_count >= 200:
        os.kill(os.getpid(), signal.SIGKILL)
from canbao.billing import rules
rules.LANE_PERSONS_MIN = {lane_persons}
assess_year(RegionCode(360100), "390", 2025, clock=process_clock(), progress=stop, page_size=100, workers={workers})
"""


@pytest.mark.parametrize("workers, lane_persons, made", [(1, 500, {200}), (2, 100, set(range(200, 500)))])
def test_killed_command_goes_on_where_it_was(
    register: Register, region: RegionCode, clock: FixedClock, workers: int, lane_persons: int, made: set[int]
) -> None:
    """With one worker the pages before the kill are known; with two the second may be in or after a page of its own."""
    register.put(*(Enrolled(name=f"person {number}") for number in range(500)))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED.format(workers=workers, lane_persons=lane_persons)],
        cwd=ROOT,
        env={**os.environ, "CANBAO_CLOCK": "2024-11-15"},
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert bill_count() in made
    tally = assess_year(region, "390", 2025, clock=clock)
    assert tally.is_resumed
    assert tally.counts == AssessmentCounts(person_count=500, made_count=500)
    assert bill_count() == 500
    assert [finding for auditor in AUDITORS for finding in auditor(region)] == []
