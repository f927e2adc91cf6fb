"""The one dictionary from a channel's code to its connector: the only dynamic step between a tap and the ledger.

A connector is built from the environment on first use and kept for the life of the process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache

from canbao.channels.errors import CHANNEL_UNKNOWN
from canbao.channels.interface import ChannelCode, Connector
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.settings import from_environment
from canbao.channels.wechat.statement_lines import masked_line
from canbao.kernel.errors import CanbaoError


def _wechat(environment: Mapping[str, str]) -> Connector:
    return WeChatConnector(from_environment(environment))


_MAKERS: dict[ChannelCode, Callable[[Mapping[str, str]], Connector]] = {ChannelCode.WECHAT: _wechat}


_MASKED: dict[ChannelCode, Callable[[str, str], str]] = {ChannelCode.WECHAT: masked_line}


@cache
def _built(channel: ChannelCode) -> Connector:
    return _MAKERS[channel](os.environ)


def connector(code: str) -> Connector:
    """The connector of a channel, the same one each time.

    Errors: `channels.channel_unknown`; `channels.not_configured`, `channels.setting_unusable` or
    `channels.sandbox_refused` when it cannot be built from the environment (tried again on the next call)."""
    try:
        channel = ChannelCode(code)
    except ValueError as unknown:
        raise CHANNEL_UNKNOWN(channel=code[:20]) from unknown
    return _built(channel)


def masked_statement_line(code: str, head: str, line: str) -> str:
    """A raw line of a channel's statement for a person's eyes: whoever paid is masked. `head` is the file's first line.

    Needs nothing to be configured. Errors: `channels.channel_unknown`."""
    try:
        return _MASKED[ChannelCode(code)](head, line)
    except ValueError as unknown:
        raise CHANNEL_UNKNOWN(channel=code[:20]) from unknown


def configured() -> list[ChannelCode]:
    """The channels that can be used in this process, in the order of `ChannelCode`."""
    usable = []
    for channel in ChannelCode:
        try:
            connector(channel.value)
        except CanbaoError:
            continue
        usable.append(channel)
    return usable


def moves_no_money() -> bool:
    """Whether the configured channels are sandboxes on this machine, as every page of a demonstration must say.

    False where none is configured, or where it cannot be told.
    """
    try:
        return from_environment(os.environ).is_loopback
    except CanbaoError:
        return False


def forget() -> None:
    """Drop the connectors built so far, so that a changed environment counts: for tests and for a reload."""
    _built.cache_clear()
