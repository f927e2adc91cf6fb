"""Fixtures of the WeChat tests: one pair of keys per run, a far end per test, and a connector configured for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.tests.far_end import FarEnd, Keys

NOW = datetime(2024, 11, 15, 2, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def wechat_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.made_in(tmp_path_factory.mktemp("wechat"))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def listening(wechat_keys: Keys) -> Iterator[FarEnd]:
    far_end = FarEnd(wechat_keys, NOW)
    far_end.start()
    yield far_end
    far_end.stop()


@pytest.fixture
def far_end(listening: FarEnd) -> FarEnd:
    listening.script = None
    listening.received.clear()
    return listening


@pytest.fixture(scope="session")
def connected(listening: FarEnd) -> WeChatConnector:
    return WeChatConnector(listening.keys.settings(listening.start()))


@pytest.fixture
def wechat(connected: WeChatConnector, far_end: FarEnd) -> WeChatConnector:
    """A connector to the far end, which has heard nothing yet in this test."""
    return connected
