"""The catalogue: nothing unsaid in three languages, nothing said twice, no word that frightens without a fact."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from canbao.doors.frame.reader import Language
from canbao.doors.frame.words import DOORS, WordsError, catalogue, fill, load_file, say, traditional

TEMPLATES = sorted(DOORS.glob("*/templates/**/*.html"))
SOURCES = [path for path in sorted(DOORS.glob("**/*.py")) if "tests" not in path.parts]
SAID_IN_TEMPLATES = re.compile(r'{% say "([a-z0-9_.]+)"')
SAID_IN_SOURCES = re.compile(r'\bsay\(\s*"([a-z0-9_]+\.[a-z0-9_]+)"')
FORMATTED_BY_HAND = re.compile(
    r"\|\s*(date|time|floatformat|intcomma|divisibleby)\b|[￥¥]\s*{{|{{[^}]*_(fen|on|at)\s*}}"
)
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_is_in_the_catalogue(path: Path) -> None:
    missing = set(SAID_IN_TEMPLATES.findall(path.read_text(encoding="utf-8"))) - set(catalogue())

    assert missing == set()


def test_every_word_of_the_code_is_in_the_catalogue() -> None:
    said = {key for path in SOURCES for key in SAID_IN_SOURCES.findall(path.read_text(encoding="utf-8"))}

    assert said - set(catalogue()) == set()
    assert len(said) > 10


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_words_and_formats_nothing_by_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("：", "")

    assert HAN.findall(text) == []
    assert FORMATTED_BY_HAND.findall(text) == []


def test_three_languages_say_every_sentence_with_the_same_places() -> None:
    place = re.compile(r"{([a-z_]+)}")
    for key, sentence in catalogue().items():
        texts = {language: sentence.text(language) for language in Language}
        assert all(texts.values()), key
        assert len({frozenset(place.findall(text)) for text in texts.values()}) == 1, key
        assert HAN.search(texts[Language.ENGLISH]) is None, key


def test_no_sentence_blames_threatens_or_shouts() -> None:
    for key, sentence in catalogue().items():
        for text in (sentence.zh, sentence.hant):
            assert not re.search("无效|非法|無效|后果自负|最后机会|[!！]", text), key
            # "Failed" may only stand beside what became of the money, and nothing of ours needs the word.
            assert not re.search("失败|失敗", text), key
        assert "!" not in sentence.en, key
        assert not re.search(r"\b(invalid|illegal|failed)\b", sentence.en, re.I), key


@pytest.mark.parametrize(
    ("simplified", "expected"),
    [
        ("给谁缴费？", "給誰繳費？"),
        (
            "输入参保人的身份证号和姓名，不用登录。自己、孩子、父母都可以。",
            "輸入參保人的身份證號和姓名，不用登錄。自己、孩子、父母都可以。",
        ),
        ("打开微信，点右上角“＋”，选“扫一扫”。", "打開微信，點右上角「＋」，選「掃一掃」。"),
        ("已入账，缴费有效", "已入賬，繳費有效"),
        ("等您在微信里付款", "等您在微信裡付款"),
        ("截图不能当凭证。凭证上有二维码，谁都能扫码验真。", "截圖不能當憑證。憑證上有二維碼，誰都能掃碼驗真。"),
        ("医保费", "醫保費"),
    ],
)
def test_traditional_characters_are_those_a_person_read(simplified: str, expected: str) -> None:
    assert traditional(simplified) == expected


def test_a_missing_language_stops_the_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "half.yaml"
    file.write_text("page:\n  title:\n    zh: 标题\n", encoding="utf-8")

    with pytest.raises(WordsError, match="half.yaml page.title"):
        load_file(file)


def test_a_place_missing_in_one_language_stops_the_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "places.yaml"
    file.write_text("page:\n  title:\n    zh: 共 {n} 人\n    en: people\n", encoding="utf-8")

    with pytest.raises(WordsError, match="places of en differ"):
        load_file(file)


def test_values_are_escaped_where_they_are_not_markup() -> None:
    assert fill("给 {name}", {"name": "<b>"}) == "给 &lt;b&gt;"


def test_a_sentence_is_said_in_the_language_asked_for() -> None:
    assert [say("lookup.search", language) for language in Language] == ["查询", "查詢", "Look up"]
