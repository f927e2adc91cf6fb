"""Pressing twice, going back, two tabs, two phones: one order, and a page that makes sense."""

from __future__ import annotations

import pytest

from tests.browser.conftest import House, Visit
from tests.browser.town import Person
from tests.browser.visitor import Size, Visitor
from tests.world import wait_until

PAY = "form.cb-card button[type=submit]"


def orders_of(house: House, payer: Visitor) -> int:
    """How many orders hold the bills of the order in front of this visitor."""
    number = payer.page.locator(".cb-facts dd").first.inner_text().replace(" ", "")
    found = house.rows(
        "SELECT count(DISTINCT other.order_id) FROM payments_order one "
        "JOIN payments_order_line own ON own.region_code = one.region_code AND own.order_id = one.id "
        "JOIN payments_order_line other ON other.region_code = own.region_code AND other.bill_id = own.bill_id "
        "WHERE one.order_no = %(number)s",
        number=number,
    )
    return int(str(found[0][0]))


def ready(payer: Visitor, *people: Person) -> Visitor:
    """On the pay page, ticked, one press from the order."""
    payer.go_to_pay(*people)
    payer.page.check("#agree")
    return payer


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_a_double_press_makes_one_order(house: House, visit: Visit, scripts: bool) -> None:
    payer = ready(visit(Size.PHONE, scripts=scripts), house.family().payer)
    payer.page.dblclick(PAY, no_wait_after=True)
    payer.page.wait_for_url("**/o/*")
    wait_until(lambda: placed(payer), "the order to be placed by the other press")
    assert orders_of(house, payer) == 1


def placed(payer: Visitor) -> bool:
    """Whether the order waits for its payer. The second press may be answered while the first is still being placed."""
    if payer.heading() == "正在准备付款":
        payer.page.reload()
    return payer.heading() == "等您在微信里付款"


def test_the_same_form_sent_twice_at_once_makes_one_order(house: House, visit: Visit) -> None:
    payer = ready(visit(Size.PHONE), house.family().payer)
    ends = payer.page.evaluate(
        """async () => {
          const form = document.querySelector("form.cb-card"), body = new URLSearchParams(new FormData(form));
          const send = () => fetch(form.action, { method: "POST", body }).then((answer) => answer.url);
          return Promise.all([send(), send(), send()]);
        }"""
    )
    assert len(set(ends)) == 1
    payer.page.goto(ends[0])
    assert payer.heading() == "等您在微信里付款"
    assert orders_of(house, payer) == 1


def test_back_after_paying_leads_to_the_order_and_pays_nothing_again(house: House, visit: Visit) -> None:
    payer = ready(visit(Size.PHONE), house.family().payer)
    form = payer.page.url
    payer.press(PAY)
    order = payer.page.url
    payer.press("a:has-text('打开微信付款')")
    payer.act_in_wallet()
    payer.settled(order)
    before = house.order_count()
    payer.page.goto(form)
    assert payer.heading() == "缴费单是空的"
    payer.press("a:has-text('看刚才的订单')")
    assert payer.page.url == order
    assert payer.heading() == "缴费成功"
    assert house.order_count() == before


def test_the_form_kept_by_the_back_button_leads_to_the_order_it_made(house: House, visit: Visit) -> None:
    payer = ready(visit(Size.PHONE), house.family().payer)
    kept = payer.page.evaluate("new URLSearchParams(new FormData(document.querySelector('form.cb-card'))).toString()")
    payer.press(PAY)
    order = payer.page.url
    end = payer.page.evaluate(
        "(body) => fetch('/pay?region=360100', { method: 'POST', body: new URLSearchParams(body) }).then((a) => a.url)",
        kept,
    )
    assert end == order
    assert orders_of(house, payer) == 1


def test_two_tabs_make_one_order_and_the_second_says_where_it_is(house: House, visit: Visit) -> None:
    payer = ready(visit(Size.PHONE), house.family().payer)
    second = payer.context.new_page()
    second.goto(payer.page.url)
    second.check("#agree")
    payer.press(PAY)
    order = payer.page.url
    with second.expect_navigation():
        second.click(PAY)
    assert second.locator("h1").inner_text() == "缴费单是空的"
    assert second.locator("a:has-text('看刚才的订单')").get_attribute("href") == order.removeprefix(payer.pages)
    assert orders_of(house, payer) == 1


def test_two_phones_make_one_order_and_the_second_is_told_who_has_it(house: House, visit: Visit) -> None:
    person = house.family().grandmother
    first, second = (ready(visit(Size.PHONE), person) for _ in range(2))
    first.press(PAY)
    second.press(PAY)
    assert orders_of(house, first) == 1
    assert "没有扣钱" in second.words() or "有人正在付这笔费" in second.words(), second.words()
    second.look_up(person)
    assert "有人正在付这笔费" in second.words()
    assert second.page.locator("form[action*='/take']").count() == 0
    first.look_up(person)
    first.press("a:has-text('看刚才的订单')")
    assert first.heading() == "等您在微信里付款"


def test_two_phones_at_the_same_moment_make_one_order(house: House, visit: Visit) -> None:
    person = house.family().grandmother
    phones = [ready(visit(Size.PHONE), person) for _ in range(2)]
    for phone in phones:
        phone.page.evaluate("setTimeout(() => document.querySelector('form.cb-card button').click(), 300)")
    for phone in phones:
        phone.page.wait_for_function("() => location.pathname !== '/pay' || document.querySelector('#problems')")
    with_order = [phone for phone in phones if "/o/" in phone.page.url]
    assert len(with_order) == 1
    assert orders_of(house, with_order[0]) == 1
