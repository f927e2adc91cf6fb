"""Amounts, dates and masks as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from canbao.doors.frame.figures import amount_markup, amount_text, date_markup, date_text, instant_text, spoken_amount
from canbao.doors.frame.icons import symbols
from canbao.doors.frame.people import person_shown
from canbao.doors.frame.reader import Language
from canbao.doors.frame.style import sheet

ZH, HANT, EN = Language.SIMPLIFIED, Language.TRADITIONAL, Language.ENGLISH


@pytest.mark.parametrize(
    ("amount_fen", "language", "expected"),
    [
        (136000, ZH, "￥1,360.00"),
        (-24000, ZH, "−￥240.00"),
        (136000, HANT, "￥1,360.00"),
        (136000, EN, "¥1,360.00"),
        (0, ZH, "￥0.00"),
        (1, EN, "¥0.01"),
    ],
)
def test_an_amount_has_its_unit_and_two_places(amount_fen: int, language: Language, expected: str) -> None:
    assert amount_text(amount_fen, language) == expected


@pytest.mark.parametrize(
    ("amount_fen", "language", "expected"),
    [(16000, ZH, "160 元"), (16050, ZH, "160.50 元"), (136000, ZH, "1,360 元"), (16000, EN, "¥160")],
)
def test_an_amount_in_a_sentence_is_short(amount_fen: int, language: Language, expected: str) -> None:
    assert spoken_amount(amount_fen, language) == expected


@pytest.mark.parametrize(
    ("language", "weekday", "expected"),
    [
        (ZH, False, "2025年12月31日"),
        (ZH, True, "2025年12月31日（星期三）"),
        (EN, False, "31 December 2025"),
        (EN, True, "31 December 2025 (Wednesday)"),
    ],
)
def test_a_date_is_written_out_whole(language: Language, weekday: bool, expected: str) -> None:
    assert date_text(date(2025, 12, 31), language, weekday=weekday) == expected


def test_a_date_never_breaks_and_its_characters_follow_the_language() -> None:
    day, weekday = '<span class="cb-nb">2025年12月31日</span>', '<span class="cb-nb">（星期三）</span>'

    assert date_markup(date(2025, 12, 31), HANT, weekday=True) == f'<time datetime="2025-12-31">{day}{weekday}</time>'
    assert date_markup(date(2025, 12, 31), EN) == '<time class="cb-nb" datetime="2025-12-31">31 December 2025</time>'
    assert amount_markup(100, ZH) == '<span class="cb-nb">￥1.00</span>'


def test_an_instant_is_told_in_beijing_time() -> None:
    assert instant_text(datetime(2025, 12, 31, 16, 5, tzinfo=UTC), ZH) == "2026年1月1日 00:05"


@pytest.mark.parametrize(
    ("name", "masked", "last"),
    [
        ("丽", "丽", "丽"),
        ("李小丽", "**丽", "丽"),
        ("迪丽娜·买买提江", "**娜·***江", "江"),
        ("John Smith", "J*** S****", "J"),
    ],
)
def test_a_person_is_shown_masked(name: str, masked: str, last: str) -> None:
    shown = person_shown(name, "130105194912310041")

    assert (shown.name_masked, shown.name_last) == (masked, last)
    assert (shown.id_no_masked, shown.id_tail) == ("130***********0041", "0041")


def test_every_state_has_its_icon_and_its_colour() -> None:
    states = {
        "owed", "paid", "waiting", "unknown", "failed", "refunded", "covered", "not-covered", "needs-you", "closed",
    }  # fmt: skip

    assert states <= set(symbols())
    assert "/*" not in sheet()
    assert "\n" not in sheet()
