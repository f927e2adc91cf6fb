"""Payments' tests begin at an empty desk in Nanchang."""

from __future__ import annotations

import pytest

from canbao.kernel.clock import FixedClock
from canbao.kernel.regions import RegionCode
from canbao.payments.tests.desk import Desk


@pytest.fixture
def desk(db: None, region: RegionCode, clock: FixedClock) -> Desk:
    """A desk in Nanchang without any order."""
    return Desk(region=region, clock=clock)
