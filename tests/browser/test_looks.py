"""Every page in every look: three languages, light and dark, phone and desktop, large type, the smallest screen.

Each page is loaded once per language and in large type; light and dark and the sizes are changed under it, as a
reader's device does. No finding of axe is tolerated, nor anything cut, torn,
sideways or too small to press.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.browser import gallery, looks
from tests.browser.conftest import House, new_visitor
from tests.browser.gallery import Gallery, Shown
from tests.browser.visitor import Size, Visitor

STRIPS = {
    "zh-Hans": "演示环境 · 日期设为 2024年11月15日 · 不会扣钱",
    "zh-Hant": "演示環境 · 日期設為 2024年11月15日 · 不會扣錢",
    "en": "Demonstration · Date set to 15 November 2024 · No money is taken",
}
PICTURES = os.environ.get("CANBAO_TEST_PICTURES", "")
"""A folder for pictures of every page in every look, for a person to look at."""


@pytest.fixture(scope="module")
def shown(chromium: Browser, house: House) -> dict[str, Shown]:
    """Every page, hung once."""
    made: list[Visitor] = []

    def make(agent: str) -> Visitor:
        made.append(new_visitor(chromium, house, agent=agent))
        return made[-1]

    pages = Gallery(house, make).hang()
    for visitor in made:
        visitor.context.close()
    assert [line for visitor in made for line in visitor.heard] == []
    return pages


@pytest.fixture(params=gallery.NAMES)
def page_name(request: pytest.FixtureRequest) -> str:
    """The page at hand."""
    return str(request.param)


@pytest.fixture
def reader(chromium: Browser, house: House, shown: dict[str, Shown], page_name: str) -> Iterator[Visitor]:
    """Somebody with the cookies that lead to the page at hand."""
    found = shown[page_name]
    visitor = new_visitor(chromium, house, agent=found.agent, cookies=found.cookies)
    looks.bring_axe(visitor.context)
    yield visitor
    visitor.context.close()
    house.asked += visitor.asked
    assert visitor.heard == []


def choose(reader: Visitor, language: str, *, elder: bool = False) -> None:
    """Choose as the links of the head do, by the cookies they leave."""
    chosen = {"canbao_lang": language, "canbao_view": "elder" if elder else "ordinary"}
    reader.context.add_cookies([{"name": name, "value": value, "url": reader.pages} for name, value in chosen.items()])


def resize(reader: Visitor, size: Size) -> None:
    """Change the screen under the page."""
    width, height = size.pixels
    reader.page.set_viewport_size(ViewportSize(width=width, height=height))


def take_picture(reader: Visitor, name: str) -> None:
    """Keep what the page looks like, where a person asked for pictures."""
    if PICTURES:
        reader.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_no_finding_in_any_look(reader: Visitor, shown: dict[str, Shown], page_name: str) -> None:
    walk, is_core = shown[page_name].walk, page_name in gallery.CORE
    for language in STRIPS:
        choose(reader, language)
        walk(reader)
        examine(reader, language, page_name)
    for language in ("zh-Hans", "en") if is_core else ("en",):
        choose(reader, language, elder=True)
        walk(reader)
        examine_large_type(reader, f"{page_name}-{language}")


def examine(reader: Visitor, language: str, name: str) -> None:
    """One page in one language: examined whole on both screens, its colours in both themes, its places everywhere."""
    page = reader.page
    looks.wait_for_style(page)
    assert page.locator("html").get_attribute("lang") == language
    assert looks.frame(page, STRIPS[language]) == []
    for size in (Size.PHONE, Size.DESKTOP):
        resize(reader, size)
        page.emulate_media(color_scheme="light")
        take_picture(reader, f"{name}-{language}-{size}-light")
        assert looks.accessibility(page) == [], f"{language} {size} light"
        assert looks.out_of_place(page) == [], f"{language} {size}"
        assert looks.small_targets(page, looks.TARGET) == [], f"{language} {size}"
        page.emulate_media(color_scheme="dark")
        take_picture(reader, f"{name}-{language}-{size}-dark")
        assert looks.colours(page) == [], f"{language} {size} dark"
    page.emulate_media(color_scheme="light")
    resize(reader, Size.SMALLEST)
    assert looks.out_of_place(page) == [], f"{language} at 400 %"
    take_picture(reader, f"{name}-{language}-smallest")
    resize(reader, Size.PHONE)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert looks.out_of_place(page) == [], f"{language} with text at 200 %"


def examine_large_type(reader: Visitor, name: str) -> None:
    """One page in large type: type and targets as large as promised, nothing cut."""
    page = reader.page
    looks.wait_for_style(page)
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('main')).fontSize)") == 25.5
    assert looks.small_targets(page, looks.ELDER_TARGET) == [], name
    take_picture(reader, f"{name}-elder-light")
    assert looks.accessibility(page) == [], name
    assert looks.out_of_place(page) == [], name
    page.emulate_media(color_scheme="dark")
    assert looks.colours(page) == [], f"{name} dark"
    page.emulate_media(color_scheme="light")
    resize(reader, Size.SMALLEST)
    assert looks.out_of_place(page) == [], f"{name} at 400 %"
    resize(reader, Size.PHONE)
