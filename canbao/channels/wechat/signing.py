"""What is checked of WeChat's signature before any cryptography runs: the headers, whose key it is, and how old it is.

The SDK checks none of this. It takes a signature of any age, and for a key it does not know it calls the channel from
inside the handler, so a stranger could make us send requests. Here the five headers are taken one by one, the key
must be on our list, and the stamp must lie within five minutes of our clock, for notices and for answers alike.

Source: WeChat Pay API v3, 如何验证签名 (five minutes, probe traffic).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from canbao.channels.interface import NoticeRefusal
from canbao.kernel.clock import Instant

FRESH_FOR = timedelta(seconds=300)
"""The channel's own limit for the age of a signature, in both directions."""

ALGORITHM = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"

SERIAL = "Wechatpay-Serial"
SIGNATURE = "Wechatpay-Signature"
SIGNATURE_TYPE = "Wechatpay-Signature-Type"
TIMESTAMP = "Wechatpay-Timestamp"
NONCE = "Wechatpay-Nonce"

_NAMES = {name.lower(): name for name in (SERIAL, SIGNATURE, SIGNATURE_TYPE, TIMESTAMP, NONCE)}
_STAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_VALUE_LENGTH_MAX = 1024
"""A signature by a 4096-bit key has 684 characters; nothing among the five is longer."""


class SignatureRefused(Exception):
    """The headers of a notice or an answer are not to be believed; `reason` says why."""

    def __init__(self, reason: NoticeRefusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


def signature_headers(headers: Mapping[str, str], *, serial: str, now: Instant) -> dict[str, str]:
    """The five headers under the names the SDK expects, and nothing else, once they may be shown to it.

    `serial` is the one key we know. Raises SignatureRefused: malformed, unknown_serial, probe or stale, in this order.
    """
    found: dict[str, str] = {}
    for given, value in headers.items():
        name = _NAMES.get(given.lower())
        if name is None:
            continue
        if name in found:
            raise SignatureRefused(NoticeRefusal.MALFORMED)
        found[name] = value
    if len(found) != len(_NAMES) or not all(0 < len(value) <= _VALUE_LENGTH_MAX for value in found.values()):
        raise SignatureRefused(NoticeRefusal.MALFORMED)
    if found[SIGNATURE_TYPE] != ALGORITHM or _STAMP.fullmatch(found[TIMESTAMP]) is None:
        raise SignatureRefused(NoticeRefusal.MALFORMED)
    if found[SERIAL] != serial:
        raise SignatureRefused(NoticeRefusal.UNKNOWN_SERIAL)
    if found[SIGNATURE].startswith(PROBE_PREFIX):
        raise SignatureRefused(NoticeRefusal.PROBE)
    if abs(now.timestamp() - int(found[TIMESTAMP])) > FRESH_FOR.total_seconds():
        raise SignatureRefused(NoticeRefusal.STALE)
    return found
