"""The played channel of a run: a gateway on the run's own clock, with keys that are made once per process."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from canbao.kernel.clock import FixedClock
from sandbox.clock import VirtualClock
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import Keys, make_keys, save_keys, write_merchant_file
from sandbox.wechat.limits import Limits
from simulation.chance import decided_by

BEGINNING = datetime(2024, 11, 14, 16, 0, tzinfo=UTC)
"""Midnight in China before 15 November 2024, inside Nanchang's window for 2025."""

CHANNEL_URL = "http://127.0.0.1:1"
"""Where the channel would be if there were a socket."""

_kept_keys: list[Keys] = []


def keys_of_the_channel(folder: Path) -> Keys:
    """The channel's keys, also written into the folder for the connector: identities always the same, key material
    made once per process.
    """
    if not _kept_keys:
        with decided_by("the keys of the channel"):
            _kept_keys.append(make_keys(BEGINNING))
    save_keys(_kept_keys[0], folder)
    write_merchant_file(_kept_keys[0], folder, base_url=CHANNEL_URL, control_url=CHANNEL_URL)
    return _kept_keys[0]


def gateway_of(clock: FixedClock, folder: Path, *, seed: int) -> WeChatGateway:
    """A channel without memory whose numbers and chances are the seed's, without limits of its own."""
    gateway = WeChatGateway(
        keys=keys_of_the_channel(folder),
        clock=VirtualClock(real_now=clock.now),
        seed=seed,
        limits=Limits(rate_per_s=0, requests_max=0, run_s=0),
    )
    gateway.base_url = CHANNEL_URL
    for bill in ("trade_bill", "fund_bill"):
        # Three a second, says the channel; but the clock stands still while a week of statements is fetched.
        gateway.rates.set(bill, 0)
    return gateway
