"""What production is refused for: read from the environment before anything starts, all of it named at once.

A demonstration runs with safe defaults. A production that lacks a key, answers to any name, keeps a weak secret or has
a demonstration's clock would run as well, and nobody would notice until somebody else did; so it does not start. What
needs the rooms (can the vouchers be signed, can the channel be spoken to) is asked in `canbao.site.start`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

REQUIRED = (
    "DATABASE_URL",
    "CANBAO_SECRET_KEY",
    "CANBAO_SEAL_KEYS",
    "CANBAO_DIGEST_KEY",
    "CANBAO_PUBLIC_URL",
    "CANBAO_HOSTS",
    "CANBAO_NOTICE_URL",
)
"""What production cannot run without."""

SECRET_LENGTH_LEAST = 32
SECRET_SIGNS_LEAST = 10
"""Different signs in a secret, at the least: a key of one sign repeated is no key."""

_HOST = re.compile(r"[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)


def hosts(environment: Mapping[str, str], default: str = "") -> list[str]:
    """The host names that the pages answer to."""
    return [name.strip() for name in environment.get("CANBAO_HOSTS", default).split(",") if name.strip()]


def problems(environment: Mapping[str, str]) -> list[str]:
    """Why this environment cannot be production's; empty when it can. No value of a secret is in the sentences."""
    missing = [name for name in REQUIRED if not environment.get(name, "").strip()]
    found = [f"production needs these environment variables: {', '.join(missing)}"] if missing else []
    if "CANBAO_PUBLIC_URL" not in missing and not _is_origin(environment["CANBAO_PUBLIC_URL"]):
        found.append("CANBAO_PUBLIC_URL must be https:// and a host, without a path")
    if "CANBAO_NOTICE_URL" not in missing and not environment["CANBAO_NOTICE_URL"].startswith("https://"):
        found.append("CANBAO_NOTICE_URL must begin with https://")
    if environment.get("CANBAO_CLOCK", "").strip():
        found.append("CANBAO_CLOCK sets the business date of a demonstration and may not be set in production")
    found += [
        f"{name} is too easy to guess: use at least {SECRET_LENGTH_LEAST} random signs"
        for name in ("CANBAO_SECRET_KEY", "CANBAO_DIGEST_KEY")
        if name not in missing and _is_weak(environment[name])
    ]
    if "CANBAO_HOSTS" not in missing:
        found += _problems_of_hosts(environment)
    return found


def _problems_of_hosts(environment: Mapping[str, str]) -> list[str]:
    names = hosts(environment)
    if not all(_HOST.fullmatch(name) for name in names):
        return ["CANBAO_HOSTS names each host in full, without * or a dot in front"]
    try:
        host = urlsplit(environment.get("CANBAO_PUBLIC_URL", "")).hostname
    except ValueError:
        return []
    if host is not None and host not in {name.lower().strip("[]") for name in names}:
        return ["CANBAO_HOSTS must hold the host of CANBAO_PUBLIC_URL"]
    return []


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        is_whole = parts.hostname is not None and parts.port != 0
    except ValueError:
        return False
    return parts.scheme == "https" and is_whole and not (parts.path or parts.query or parts.fragment or parts.username)


def _is_weak(secret: str) -> bool:
    return len(secret) < SECRET_LENGTH_LEAST or len(set(secret)) < SECRET_SIGNS_LEAST
