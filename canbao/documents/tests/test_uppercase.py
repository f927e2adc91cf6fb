"""Amounts in characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canbao.documents.uppercase import uppercase
from canbao.kernel.money import FEN_MAX, Fen

DIGITS = {sign: value for value, sign in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


@pytest.mark.parametrize(
    "amount, written",
    [
        (0, "人民币零元整"),
        (1, "人民币壹分"),
        (10, "人民币壹角"),
        (101, "人民币壹元零壹分"),
        (8000, "人民币捌拾元整"),
        (16000, "人民币壹佰陆拾元整"),
        (38000, "人民币叁佰捌拾元整"),
        (136000, "人民币壹仟叁佰陆拾元整"),
        (1001000, "人民币壹万零壹拾元整"),
        (1640902, "人民币壹万陆仟肆佰零玖元零贰分"),
        (10700053, "人民币壹拾万柒仟元伍角叁分"),
        (1000000001, "人民币壹仟万元零壹分"),
    ],
)
def test_amount_is_written_as_a_bank_writes_it(amount: int, written: str) -> None:
    assert uppercase(Fen(amount)) == written


def _below_ten_thousand(text: str) -> int:
    total = digit = 0
    for sign in text:
        if sign in DIGITS:
            digit = DIGITS[sign]
        else:
            total += digit * PLACES[sign]
            digit = 0
    return total + digit


def _whole(text: str) -> int:
    for sign, value in (("亿", 10**8), ("万", 10**4)):
        if sign in text:
            above, below = text.split(sign)
            return _whole(above) * value + _whole(below)
    return _below_ten_thousand(text)


def _read(written: str) -> int:
    """An independent reader of the characters, to fen."""
    yuan, has_yuan, rest = written.removeprefix("人民币").removesuffix("整").rpartition("元")
    jiao, has_jiao, fen = rest.rpartition("角")
    total = _whole(yuan) * 100 if has_yuan else 0
    total += _whole(jiao) * 10 if has_jiao else 0
    return total + (_whole(fen.removesuffix("分")) if fen else 0)


@given(st.integers(min_value=0, max_value=10**11))
def test_every_fen_can_be_read_back(amount: int) -> None:
    assert _read(uppercase(Fen(amount))) == amount


@pytest.mark.parametrize("amount", [-1, FEN_MAX + 1])
def test_an_impossible_amount_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="an amount"):
        uppercase(Fen(amount))


@pytest.mark.parametrize("amount", [1.5, "380", True])
def test_only_whole_fen_are_written(amount: object) -> None:
    with pytest.raises(TypeError):
        uppercase(amount)  # type: ignore[arg-type]  # the refusal of what the type forbids is what is tested
