"""A gateway in memory on a clock that stands still until a test moves it; keys are made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sandbox.clock import VirtualClock
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import Keys, make_keys
from sandbox.wechat.limits import Limits
from sandbox.wechat.tests.merchant import Merchant

START = datetime(2024, 11, 15, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def made_keys() -> Keys:
    return make_keys(START)


@pytest.fixture
def keys(made_keys: Keys) -> Keys:
    return dataclasses.replace(made_keys, certificates=list(made_keys.certificates), h5_hosts=list(made_keys.h5_hosts))


@pytest.fixture
def gateway(keys: Keys) -> Iterator[WeChatGateway]:
    made = WeChatGateway(keys=keys, clock=VirtualClock(real_now=lambda: START), seed=7, limits=Limits(rate_per_s=0))
    yield made
    assert made.findings() == []
    made.close()


@pytest.fixture
def merchant(gateway: WeChatGateway) -> Merchant:
    return Merchant(gateway=gateway)
