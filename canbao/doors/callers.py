"""Who is calling, as far as a request tells: the internet address and the kind of device. Never who the person is.

Behind our own proxy the address stands in the one header that the installation names (`CANBAO_ADDRESS_HEADER`); any
other header is what a stranger says about himself and is not read. Without that setting the connection's own address
counts.
"""

from __future__ import annotations

import ipaddress
from functools import cache

from django.conf import settings
from django.http import HttpRequest

from canbao.channels.interface import Device
from canbao.kernel.environment import is_production

UNKNOWN_ADDRESS = "0.0.0.0"
"""Where nothing readable is given: all such callers share one limit."""

EXAMPLE_ADDRESS = "203.0.113.1"
"""An address of RFC 5737's documentation block: told to a played wallet about a browser on this very machine."""

_IPV6_HOME = 64
"""One household or phone holds a whole /64 of IPv6 addresses, so limits count that."""


def client_address(request: HttpRequest) -> str:
    """The caller's address. A proxy appends to a list, so the last entry is the one our own proxy wrote."""
    header = getattr(settings, "TRUSTED_ADDRESS_HEADER", "")
    said = request.META.get(_variable_of(header), "") if header else ""
    text = said.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    return _readable(text)


@cache
def _variable_of(header: str) -> str:
    """The name under which WSGI hands a header on."""
    return f"HTTP_{header.upper().replace('-', '_')}"


def payer_address(request: HttpRequest) -> str:
    """The payer's address as a wallet is told it. A wallet refuses this machine's own address, which nobody has outside
    a demonstration; there an address that belongs to nobody stands in.
    """
    address = client_address(request)
    if not is_production() and ipaddress.ip_address(address).is_loopback:
        return EXAMPLE_ADDRESS
    return address


def _readable(text: str) -> str:
    try:
        found = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return UNKNOWN_ADDRESS
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(found)


def counted_address(address: str) -> str:
    """The address as limits count it: an IPv4 address itself, of an IPv6 address its /64.

    >>> counted_address("2001:db8:1:2:3:4:5:6"), counted_address("203.0.113.9")
    ('2001:db8:1:2::', '203.0.113.9')
    """
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{_IPV6_HOME}", strict=False).network_address)


def _agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")


def device_of(request: HttpRequest) -> Device:
    """The payer's device in the words that channels use."""
    agent = _agent(request)
    if "iPhone" in agent or "iPad" in agent or "iPod" in agent:
        return Device.IOS
    if "Android" in agent or "HarmonyOS" in agent or "OpenHarmony" in agent:
        return Device.ANDROID
    return Device.WAP


def is_phone(request: HttpRequest) -> bool:
    """Whether a wallet can be opened on the device that shows the page."""
    return device_of(request) is not Device.WAP or "Mobile" in _agent(request)


def in_wechat(request: HttpRequest) -> bool:
    """Whether the page is shown by WeChat's own browser, where a link to the wallet does not open it."""
    return "MicroMessenger" in _agent(request)
