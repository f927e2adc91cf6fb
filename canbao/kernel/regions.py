"""The pooling region (统筹区): the unit of everything that happens together.

A region is a six-digit code of GB/T 2260. It is the first column of every regional table's key and the first six
characters of every printed number, so that a number routes itself. The lists below are the exceptions, and a test holds
the catalogue to them.
"""

from __future__ import annotations

from typing import NewType

from canbao.kernel.errors import Retry, declare

RegionCode = NewType("RegionCode", int)

NATION = RegionCode(100000)
"""The nation itself (GB/T 2260 100000):

home of what reaches us without a region, such as a notice for a number nobody knows.
"""

REFERENCE_TABLES: frozenset[str] = frozenset({"policy_region", "policy_scheme", "policy_version"})
"""Small national tables, rarely written: on Citus a full copy on every node."""

NATIONAL_TABLES: frozenset[str] = frozenset({"registry_directory"})
"""National tables distributed by a key of their own, never written in the hot path."""

LOCAL_TABLES: frozenset[str] = frozenset(
    {"kernel_throttle", "django_migrations", "django_content_type", "django_session"}
)
"""Tables that stay on the coordinator: limits, job control, and Django's own."""

LOCAL_PREFIXES: tuple[str, ...] = ("procrastinate_", "auth_", "django_")
"""Prefixes of other people's tables: the job queue's and Django's."""

REGION_MALFORMED = declare(
    "kernel.region_malformed",
    Retry.NEVER,
    "统筹区代码“{text}”不对，应为 6 位数字，例如 360100",
    "The region code “{text}” is wrong; it has six digits, for example 360100",
)


def region_code(value: int | str) -> RegionCode:
    """A region's code from a number or text.

    Errors: `kernel.region_malformed`; whether the region takes part is policy's to say.
    """
    text = str(value).strip()
    if len(text) != 6 or not text.isascii() or not text.isdigit() or text[0] == "0":
        raise REGION_MALFORMED(text=text[:20])
    return RegionCode(int(text))
