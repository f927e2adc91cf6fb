"""Reconciliation's tests begin in Nanchang on the morning after an empty day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from canbao.kernel.clock import FixedClock
from canbao.kernel.regions import RegionCode
from canbao.payments.tests.desk import Desk
from canbao.reconciliation.tests.clerk import Clerk


@pytest.fixture
def clerk(db: None, region: RegionCode) -> Clerk:
    """A clerk in Nanchang, ten in the morning of 16 November 2024."""
    clock = FixedClock(datetime(2024, 11, 16, 2, 0, tzinfo=UTC))
    return Clerk(desk=Desk(region=region, clock=clock), clock=clock)
