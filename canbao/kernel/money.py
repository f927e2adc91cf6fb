"""Money, said once: an integer number of fen.

Yuan exists only at the edge, where a person types or reads an amount. Nothing here knows a float or a Decimal; sharing
an amount hands out every fen, and whoever applies a rate names the rounding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NewType

from canbao.kernel.errors import Retry, declare

Fen = NewType("Fen", int)
"""A whole number of fen (one hundredth of a yuan).

A distinct type, so that a count cannot be passed where money is meant.
"""

FEN_MAX = 10**15
"""Ten trillion yuan: more than any amount the platform meets. A larger figure is a mistake, not money."""

AMOUNT_MALFORMED = declare(
    "kernel.amount_malformed",
    Retry.NEVER,
    "金额“{text}”看不懂，请写成 380 或 380.00",
    "The amount “{text}” cannot be read; write it as 380 or 380.00",
)

_YUAN = re.compile(r"(\d{1,13})(?:\.(\d{1,2}))?", re.ASCII)


class Rounding(StrEnum):
    """How a rate's result becomes whole fen. The caller always names one."""

    HALF_UP = "half_up"
    DOWN = "down"
    UP = "up"


def fen(amount: int) -> Fen:
    """An amount as money. Refuses what is not a whole number or beyond `FEN_MAX`: that is our mistake, so it raises
    TypeError or ValueError.
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        message = f"money is a whole number of fen, not {type(amount).__name__}"
        raise TypeError(message)
    if abs(amount) > FEN_MAX:
        message = "an amount beyond ten trillion yuan is a mistake"
        raise ValueError(message)
    return Fen(amount)


def parse_yuan(text: str) -> Fen:
    """Read yuan as a person writes them, without sign or separators.

    >>> parse_yuan("380"), parse_yuan("380.5"), parse_yuan("0.01")
    (38000, 38050, 1)

    Errors: `kernel.amount_malformed` for anything else, so "1e3", "-5" and "3.999" are refused, not rounded.
    """
    found = _YUAN.fullmatch(text.strip())
    if found is None:
        raise AMOUNT_MALFORMED(text=text[:20])
    whole, part = found.group(1), found.group(2) or ""
    return fen(int(whole) * 100 + int(part.ljust(2, "0")))


def format_yuan(amount_fen: int) -> str:
    """Yuan for a reader: comma per thousand, two places, a true minus sign before the figure.

    >>> format_yuan(136000), format_yuan(-24000), format_yuan(5)
    ('1,360.00', '\u2212240.00', '0.05')
    """
    sign = "\u2212" if amount_fen < 0 else ""
    yuan, rest = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan:,}.{rest:02d}"


def split(total: Fen, weights: Sequence[int]) -> list[Fen]:
    """Share an amount by weights so that every fen is handed out.

    The parts that lose most by rounding down get the odd fen, earlier ones first; the sum is always the total.

    >>> split(Fen(100), [1, 1, 1])
    [34, 33, 33]

    Raises ValueError without a positive weight, with a negative one, or for a negative total.
    """
    if total < 0 or not weights or min(weights) < 0 or sum(weights) == 0:
        message = "split takes an amount of zero or more and weights of zero or more, one of them positive"
        raise ValueError(message)
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_loss = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
    for index in by_loss[: total - sum(parts)]:
        parts[index] += 1
    return [Fen(part) for part in parts]


def rate(amount: Fen, *, per_million: int, rounding: Rounding) -> Fen:
    """An integer rate of an amount: `per_million` = 600_000 is sixty per cent.

    >>> rate(Fen(40000), per_million=600_000, rounding=Rounding.HALF_UP)
    24000

    Raises ValueError for a negative amount or rate: a deduction is written as its own line, not as a negative rate.
    """
    if amount < 0 or per_million < 0:
        message = "a rate applies to an amount of zero or more and is itself zero or more"
        raise ValueError(message)
    product = amount * per_million
    match rounding:
        case Rounding.DOWN:
            return Fen(product // 1_000_000)
        case Rounding.UP:
            return Fen(-(-product // 1_000_000))
        case Rounding.HALF_UP:
            return Fen((2 * product + 1_000_000) // 2_000_000)
