"""The list before payment: taking somebody off with scripts swaps list and total where they stand and says so; without
scripts, and wherever the swap fails, the same form leads to a whole page.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from canbao.kernel.masks import mask_name
from tests.browser import looks
from tests.browser.conftest import House, Visit
from tests.browser.town import Family, Person
from tests.browser.visitor import Size, Visitor

LISTEN = """() => {
  window.isSamePage = true;
  window.heard = [];
  new MutationObserver(() => window.heard.push(document.querySelector("#said").innerText.replace(/\\s+/g, " ").trim()))
    .observe(document.querySelector("#said"), { childList: true, subtree: true });
}"""
"""Mark the page, and write down what its live region comes to say."""

REMOVE = "#list form button"


def total(page: Page) -> str:
    """What the list comes to."""
    return page.locator("#list .cb-total .cb-fen").inner_text().strip()


def remove_button(page: Page, person: Person) -> str:
    """The button that takes this person off, by its hidden words."""
    return f"#list form button:has-text('尾号 {person.id_no[-4:]}')"


def gather(visitor: Visitor, family: Family) -> Page:
    """The whole family on the list, and the page marked."""
    page = visitor.gather(*family.members())
    looks.wait_for_style(page)
    page.evaluate(LISTEN)
    return page


def forgive(payer: Visitor, *expected: str) -> None:
    """Take what the console says about a failed request off the list of complaints; anything else stays on it."""
    payer.heard[:] = [line for line in payer.heard if not any(part in line for part in expected)]


@pytest.mark.parametrize("size", [Size.PHONE, Size.DESKTOP])
def test_taking_one_off_swaps_list_and_total_and_says_so_without_another_page(
    house: House, visit: Visit, size: Size
) -> None:
    payer, family = visit(size), house.family()
    looks.bring_axe(payer.context)
    page = gather(payer, family)
    before = total(page)
    assert page.locator("#said").get_attribute("aria-live") == "polite"
    asked = len(payer.asked)

    page.click(remove_button(page, family.grandmother))
    expect(page.locator("#list form")).to_have_count(3)
    page.wait_for_function("window.heard.length > 0")

    assert payer.heading() == "核对缴费单：3 人"
    assert page.title() == "核对缴费单：3 人 - 参保"
    assert (before, total(page)) == ("￥1,280.00", "￥1,200.00")
    assert " ".join(page.locator("a[href*='/pay?region']").inner_text().split()) == "去付款 ￥1,200.00"
    said = page.evaluate("window.heard.at(-1)")
    assert said.startswith(f"已移出 {mask_name(family.grandmother.name)}")
    assert said.endswith("合计 ￥1,200.00。")
    assert page.evaluate("window.isSamePage") is True
    assert len(payer.asked) == asked, "no page was asked for"
    assert page.url == f"{payer.pages}/basket"
    assert looks.accessibility(page) == []
    page.reload()
    assert (payer.heading(), total(page)) == ("核对缴费单：3 人", "￥1,200.00")
    assert page.locator("#said").inner_text().strip() == "", "it is said once"


def test_by_keyboard_the_focus_stays_in_its_place_until_nobody_is_left(house: House, visit: Visit) -> None:
    payer, family = visit(Size.DESKTOP), house.family()
    page = gather(payer, family)
    names = page.locator("#list h2").all_inner_texts()
    for place, left, now_here in ((1, 3, names[2]), (1, 2, names[3]), (1, 1, names[0]), (0, 0, "缴费单是空的")):
        page.locator(REMOVE).nth(place).focus()
        page.keyboard.press("Enter")
        expect(page.locator("#list form")).to_have_count(left)
        page.wait_for_function("document.activeElement.matches('h1, h2')")
        assert page.evaluate("document.activeElement.innerText") == now_here
        ring = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
        assert page.evaluate(ring) >= 3, "where the focus is can be seen"
    assert payer.heading() == "缴费单是空的"
    assert page.evaluate("window.heard.length") == 4
    assert page.evaluate("window.heard.at(-1)").endswith("合计 ￥0.00。")
    assert page.locator("#list a.weui-btn_primary").inner_text() == "再加一位家人"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_a_double_press_takes_off_one(house: House, visit: Visit, scripts: bool) -> None:
    payer = visit(Size.DESKTOP, scripts=scripts)
    page = payer.gather(*house.family().members())
    box = page.locator(REMOVE).first.bounding_box()
    assert box is not None
    # With scripts the second press may come after the answer, and must not meet the next person's button.
    for wait_ms in (200 if scripts else 0, 0):
        page.mouse.click(box["x"] + 10, box["y"] + 10)
        page.wait_for_timeout(wait_ms)
    # Without scripts the second form may overtake the page that says what the first has done.
    expect(page.locator("#list form")).to_have_count(3)
    page.wait_for_timeout(600)
    assert page.locator("#list form").count() == 3
    page.reload()
    assert payer.heading() == "核对缴费单：3 人"


def test_without_scripts_the_same_form_leads_to_the_same_list(house: House, visit: Visit) -> None:
    family = house.family()
    pages = []
    for scripts in (True, False):
        payer = visit(Size.PHONE, scripts=scripts)
        page = payer.gather(*family.members())
        if scripts:
            page.click(remove_button(page, family.child))
            page.wait_for_selector("#said p")
        else:
            payer.press(remove_button(page, family.child))
        assert page.url == f"{payer.pages}/basket"
        pages.append(payer.words())
    assert pages[0] == pages[1]


def test_a_form_that_has_become_too_old_is_told_on_a_whole_page(house: House, visit: Visit) -> None:
    payer = visit(Size.PHONE)
    page = gather(payer, house.family())
    payer.context.clear_cookies(name="csrftoken")
    with page.expect_navigation(wait_until="load"):
        page.click(f"{REMOVE} >> nth=0")
    assert payer.heading() == "页面放得太久，刚才的操作没有办"
    assert "没有改动任何东西，也没有扣钱" in payer.words()
    assert page.locator("main").count() == 1
    forgive(payer, "status of 403", "htmx:response:error")
    payer.open("/basket")
    assert payer.heading() == "核对缴费单：4 人"


def test_a_list_that_has_ended_meanwhile_is_told_where_it_stood(house: House, visit: Visit) -> None:
    payer = visit(Size.PHONE)
    page = gather(payer, house.family())
    payer.context.clear_cookies(name="sessionid")
    page.click(f"{REMOVE} >> nth=0")
    expect(page.locator("#list form")).to_have_count(0)
    assert payer.words() == "缴费单是空的 先查一位参保人，再加入缴费单。 再加一位家人"
    assert page.evaluate("window.isSamePage") is True


def test_a_swap_that_finds_no_answer_becomes_a_plain_form(house: House, visit: Visit) -> None:
    payer, family = visit(Size.PHONE), house.family()
    page = gather(payer, family)

    def refuse_scripts(route: Route) -> None:
        if route.request.is_navigation_request():
            route.continue_()
        else:
            route.abort("connectionreset")

    page.route("**/basket/remove", refuse_scripts)
    with page.expect_navigation(wait_until="load"):
        page.click(remove_button(page, family.newborn))
    assert payer.heading() == "核对缴费单：3 人"
    assert page.locator("#said").inner_text().startswith("已移出")
    payer.heard[:] = [
        line for line in payer.heard if "net::ERR_CONNECTION_RESET" not in line and "htmx:error" not in line
    ]
