"""The whole payment by keyboard alone, and what a page says to who does not see it.

Only Tab, Enter, Space and typing are used. Every stop on the way must show a ring of at least three pixels, stops come
in the order of the page, and after an error the focus is on the summary of errors.
"""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import House, Visit
from tests.browser.visitor import Size, Visitor

_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  return {
    words: (one.innerText || one.labels?.[0]?.innerText || "").trim().replace(/\\s+/g, " "),
    id: one.id,
    ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    place: [...document.querySelectorAll("*")].indexOf(one),
    isSeen: box.width > 1 && box.left >= 0 && box.bottom > 0 && box.top < innerHeight };
}"""
TABS_MAX = 40


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus is on what carries these words; each stop on the way has its ring and its turn."""
    last = -1
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUS)
        if stop is None:
            last = -1
            continue
        assert stop["ring"] >= 3, f"no ring around {stop}"
        assert stop["isSeen"], f"the focus is out of sight: {stop}"
        assert stop["place"] > last, f"out of order: {stop}"
        last = stop["place"]
        if words in stop["words"]:
            return
    message = f"no stop says {words}"
    raise AssertionError(message)


def press(visitor: Visitor, key: str) -> None:
    """Press a key that leads to another page."""
    with visitor.page.expect_navigation(wait_until="load"):
        visitor.page.keyboard.press(key)


def focus_comes_to(page: Page, element_id: str) -> None:
    """Wait until the focus is on an element: the browser moves it there after the page has loaded."""
    page.wait_for_function("id => document.activeElement?.id === id", arg=element_id)


def test_a_payment_by_keyboard_alone(house: House, visit: Visit) -> None:
    payer, person = visit(Size.DESKTOP), house.family().payer
    page = payer.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUS)["words"] == "跳到正文", "the first stop skips the head"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    payer.open("/")
    tab_to(page, "查询")
    press(payer, "Enter")
    assert page.title().startswith("错误：")
    focus_comes_to(page, "problems")
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUS)["words"] == "请输入身份证号"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#id_no"
    tab_to(page, "姓名")
    page.keyboard.type(person.name)
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(_FOCUS)["id"] == "id_no"
    # As people type: in small letters, with blanks.
    page.keyboard.type(f"{person.id_no[:6]} {person.id_no[6:14]} {person.id_no[14:]}".lower())
    press(payer, "Enter")
    assert payer.heading() == "缴费详情"

    tab_to(page, "立即缴费")
    press(payer, "Space")
    assert payer.heading().startswith("确认付款")
    tab_to(page, "付款 ￥")
    press(payer, "Enter")
    focus_comes_to(page, "problems")
    tab_to(page, "我看过并同意缴费须知")
    page.keyboard.press("Space")
    assert page.is_checked("#agree")
    tab_to(page, "付款 ￥")
    press(payer, "Enter")
    assert payer.heading() == "用微信扫码付款"
    order = page.url
    house.sandbox.pay(out_trade_no=_number(page))
    tab_to(page, "我已付款")
    press(payer, "Enter")
    payer.settled(order)
    assert payer.heading() == "缴费成功"
    tab_to(page, "下载缴费凭证")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert started.value.suggested_filename.endswith(".pdf")


def test_a_voice_reads_amount_state_date_and_act_in_the_order_of_the_page(house: House, visit: Visit) -> None:
    payer = visit(Size.PHONE)
    grandmother = house.family().grandmother
    payer.look_up(grandmother)
    told = payer.page.locator("main").aria_snapshot()
    places = [told.find(words) for words in ("缴费详情", "￥80.00", "待缴", "2025年2月28日", 'button "立即缴费')]
    assert -1 not in places, told
    assert places == sorted(places)
    assert f"尾字{grandmother.name[-1]}，尾号 {grandmother.id_no[-4:]}" in told
    assert "***" not in told, "stars are for the eye"


def _number(page: Page) -> str:
    return page.locator(".cb-facts dd").first.inner_text().replace(" ", "")
