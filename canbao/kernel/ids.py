"""Identifiers: UUIDs inside, printed numbers outside.

Inside, a row is `(region_code, id)`; the id is a UUIDv7 made before the insert, or derived from a natural key where
set-wise work must be repeatable. Outside, a number has eighteen characters `0-9A-Z`: the region, the kind of thing, a
body of fifty bits and a check character (ISO 7064 MOD 37,36) that catches any single wrong character and any two
neighbours exchanged. It can be read over the phone, fits every channel's order-number field, and routes itself.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.errors import Retry, declare
from canbao.kernel.regions import RegionCode

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Thirty-two signs without I, L, O and U, so that nothing read aloud or by eye is taken for another."""

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BODY_LENGTH = 10
NO_LENGTH = 6 + 1 + _BODY_LENGTH + 1

NUMBER_MALFORMED = declare(
    "kernel.number_malformed",
    Retry.NEVER,
    "号码应为 18 位字母和数字，前 6 位是地区，请核对",
    "The number has 18 letters and digits and begins with the six-digit region; check it",
)
NUMBER_MISTYPED = declare(
    "kernel.number_mistyped",
    Retry.NEVER,
    "号码有一位不对，请逐位核对",
    "One character of the number is wrong; check each one",
)
NUMBER_WRONG_KIND = declare(
    "kernel.number_wrong_kind",
    Retry.NEVER,
    "这是{found}，这里要的是{expected}",
    "This is a number of another kind ({found}); {expected} is wanted here",
)


class Kind(StrEnum):
    """What a printed number names: its seventh character."""

    ORDER = "P"
    BILL = "B"
    VOUCHER = "V"
    CASE = "D"
    REFUND = "R"
    BOOKING = "T"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedNo:
    """A printed number that was read and checked."""

    region_code: RegionCode
    kind: Kind
    text: str


def uuid7(now: Instant) -> UUID:
    """A new UUIDv7: 48 bits of milliseconds, then random bits, so that ids of one batch lie together in the index."""
    milliseconds = int(now.timestamp() * 1000)
    random_bits = secrets.randbits(74)
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (random_bits >> 62) << 64
    return UUID(int=value | 0b10 << 62 | random_bits & (1 << 62) - 1)


def derived_id(kind: str, *parts: str | int) -> UUID:
    """The same id for the same natural key, for ever:

    a UUIDv8 over SHA-256 of the parts, each with its length in front.
    """
    text = "".join([f"{len(word)}:{word}" for word in map(str, (kind, *parts))])
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    return UUID(int=value & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62)


def check_character(text: str) -> str:
    """The ISO 7064 MOD 37,36 check character of a text over `0-9A-Z`."""
    product = 36
    for sign in text:
        total = (product + _SIGNS.index(sign)) % 36 or 36
        product = total * 2 % 37
    return _SIGNS[(37 - product) % 36]


def make_no(region: RegionCode, kind: Kind, of: UUID) -> str:
    """The printed number of a row: a pure function of region, kind and id (its last fifty bits)."""
    bits = of.int & (1 << 5 * _BODY_LENGTH) - 1
    body = "".join(CROCKFORD[bits >> 5 * place & 31] for place in reversed(range(_BODY_LENGTH)))
    text = f"{region:06d}{kind}{body}"
    return text + check_character(text)


def parse_no(text: str, kind: Kind | None = None) -> ParsedNo:
    """Read a number as a person types it: blanks, hyphens and lower case are accepted.

    Errors: `kernel.number_malformed` (length, signs, region), `kernel.number_mistyped` (check character),
    `kernel.number_wrong_kind` when `kind` is given and the number is of another.
    """
    cleaned = "".join(sign for sign in text.upper() if sign not in " \t\u3000-")
    if (
        len(cleaned) != NO_LENGTH
        or any(sign not in _SIGNS for sign in cleaned)
        or not cleaned[:6].isdigit()
        or cleaned[0] == "0"
    ):
        raise NUMBER_MALFORMED()
    if check_character(cleaned[:-1]) != cleaned[-1]:
        raise NUMBER_MISTYPED()
    if cleaned[6] not in set(Kind):
        raise NUMBER_MALFORMED()
    found = Kind(cleaned[6])
    if kind is not None and found is not kind:
        raise NUMBER_WRONG_KIND(found=found.name.lower(), expected=kind.name.lower())
    return ParsedNo(region_code=RegionCode(int(cleaned[:6])), kind=found, text=cleaned)


def group_no(text: str) -> str:
    """A number as it is printed: the region, then groups of four.

    >>> group_no("360100P4M82ZT7K3QX")
    '360100 P4M8 2ZT7 K3QX'
    """
    return " ".join([text[:6], *(text[start : start + 4] for start in range(6, len(text), 4))])
