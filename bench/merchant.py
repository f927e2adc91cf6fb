"""A merchant of the played channel: its keys and its file, so that connectors can be built and notices signed."""

from __future__ import annotations

import os
from pathlib import Path

from bench.ground import Ground
from sandbox.clock import VirtualClock, machine_now
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import load_or_make_keys, write_merchant_file


def open_merchant(ground: Ground) -> WeChatGateway:
    """The channel's other side, in this process and on the ground's clock; the environment names its file."""
    directory: Path = ground.folder / "wechat"
    directory.mkdir(mode=0o700)
    keys = load_or_make_keys(directory, machine_now())
    nowhere = "http://127.0.0.1:9"
    os.environ["CANBAO_WECHAT_FILE"] = str(write_merchant_file(keys, directory, base_url=nowhere, control_url=nowhere))
    return WeChatGateway(keys=keys, clock=VirtualClock(shift=ground.clock.shift), keys_directory=directory)
