"""Colours: the sheet's own tokens are read and every pair that meets on a page is computed."""

from __future__ import annotations

import re

import pytest

from canbao.doors.frame.style import SHEET

TEXT, EDGE = 4.5, 3.0
Colour = tuple[float, float, float]
TOKEN = re.compile(r"--([a-z0-9-]+):(#[0-9A-Fa-f]{6}|rgba\([0-9.,]+\))")
STATES = ("owed", "paid", "waiting", "unknown", "failed", "calm")


def themes() -> dict[str, dict[str, str]]:
    """The tokens of the light block, of dark by device and of dark by choice."""
    text = re.sub(r"/\*.*?\*/", "", SHEET.read_text(encoding="utf-8"), flags=re.S)
    blocks = {
        "light": re.search(r"body#cb\{(--page.*?)\}", text, re.S),
        "dark by device": re.search(r"not\(\[data-weui-theme=light\]\)\{(.*?)\}", text, re.S),
        "dark by choice": re.search(r"\[data-weui-theme=dark\]\{(.*?)\}", text, re.S),
    }
    return {name: dict(TOKEN.findall(found.group(1))) for name, found in blocks.items() if found is not None}


def mixed(token: str, ground: Colour) -> Colour:
    """A token as it looks on a ground."""
    if token.startswith("#"):
        return (int(token[1:3], 16), int(token[3:5], 16), int(token[5:7], 16))
    red, green, blue, alpha = (float(part) for part in token[5:-1].split(","))
    first, second, third = (
        part * alpha + under * (1 - alpha) for part, under in zip((red, green, blue), ground, strict=True)
    )
    return (first, second, third)


def luminance(colour: Colour) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(front: str, back: str) -> float:
    """Contrast of two tokens."""
    ground = mixed(back, (255, 255, 255))
    bright, dark = sorted((luminance(mixed(front, ground)), luminance(ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_sheet_has_three_themes_with_the_same_tokens() -> None:
    found = themes()

    assert set(found) == {"light", "dark by device", "dark by choice"}
    assert found["dark by device"] == found["dark by choice"]
    assert set(found["light"]) == set(found["dark by device"])


@pytest.mark.parametrize("theme", ["light", "dark by device", "dark by choice"])
@pytest.mark.parametrize("ground", ["page", "card"])
@pytest.mark.parametrize(
    ("token", "least"),
    [("ink", TEXT), ("ink-2", TEXT), ("link", TEXT), ("red", TEXT), ("edge", EDGE), ("focus", EDGE)],
)
def test_text_and_edges_stand_out_from_page_and_card(theme: str, ground: str, token: str, least: float) -> None:
    tokens = themes()[theme]

    assert ratio(tokens[token], tokens[ground]) >= least


@pytest.mark.parametrize("theme", ["light", "dark by device", "dark by choice"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_legible_on_its_own_ground_and_on_the_card(theme: str, state: str) -> None:
    tokens = themes()[theme]

    assert ratio(tokens[state], tokens[f"{state}-bg"]) >= TEXT
    assert ratio(tokens[state], tokens["card"]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark by device", "dark by choice"])
def test_the_green_button_carries_white_text_and_stands_out(theme: str) -> None:
    tokens = themes()[theme]

    assert ratio("#FFFFFF", tokens["brand"]) >= TEXT
    assert ratio(tokens["brand"], tokens["card"]) >= EDGE


def test_the_figures_of_the_guide_are_met() -> None:
    tokens = themes()["light"]

    assert round(ratio(tokens["link"], tokens["page"]), 2) == 5.70
    assert round(ratio("#FFFFFF", tokens["brand"]), 2) == 5.45
