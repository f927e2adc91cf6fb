"""What billing's tests ask for: a register, the values of Nanchang, and an assessment of everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from canbao.billing import public as billing
from canbao.billing.public import AssessedPage, AssessmentCounts, AssessmentPlan, Bill
from canbao.billing.tests.register import Register
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.policy import public as policy
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import read_region_year

VERSION = derived_id("test.version", 1)


@pytest.fixture
def register(db: None, region: RegionCode) -> Register:
    """The register of Nanchang, empty."""
    return Register(region)


@pytest.fixture(scope="session")
def parameters() -> RegionYear:
    """What Nanchang publishes for residents in 2025."""
    file = policy.VALUES / "360100" / "2025.yaml"
    return read_region_year(file.read_text(encoding="utf-8"), file=file.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """A finished run: its plan, its counts, and its pages."""

    plan: AssessmentPlan
    counts: AssessmentCounts
    pages: list[AssessedPage]


Assess = Callable[..., Assessed]


@pytest.fixture
def assess(db: None, region: RegionCode, parameters: RegionYear, clock: FixedClock) -> Assess:
    """Runs an assessment to its end, a transaction per page."""

    def run(*, version_id: UUID = VERSION, values: RegionYear = parameters, limit: int = 3) -> Assessed:
        with region_tx(region) as tx:
            plan = billing.assessment_plan(tx, values, version_id, assessed_on=clock.today(), now=clock.now())
        pages: list[AssessedPage] = []
        while not pages or not pages[-1].is_done:
            with region_tx(region) as tx:
                pages.append(billing.assess_page(tx, plan, now=clock.now(), limit=limit))
        return Assessed(plan=plan, counts=billing.assessment_counts(plan), pages=pages)

    return run


@pytest.fixture
def bill_of(region: RegionCode, clock: FixedClock) -> Callable[[UUID], Bill]:
    """The one live bill of a person."""

    def find(person_id: UUID) -> Bill:
        found = billing.bills_of(region, [person_id], clock.today())
        assert len(found) == 1
        return found[0]

    return find
