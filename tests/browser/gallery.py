"""Every page of the citizen, once: how a visitor comes to each, whatever the language she has chosen.

A walk is shown a visitor whose cookies are those of somebody who has been there before, so that a page can be opened
again in each language without starting anew. Pages that answer a form are reached by sending it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import StorageState

from tests.browser.conftest import House
from tests.browser.town import NOBODY, OVER_SEVENTY, REGISTERED_TWICE, Person
from tests.browser.visitor import WECHAT_AGENT, Visitor

Walk = Callable[[Visitor], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One page: the cookies to come with, and the way to it."""

    cookies: StorageState
    walk: Walk
    agent: str = ""


def to(path: str) -> Walk:
    """The way to a page with an address."""

    def walk(visitor: Visitor) -> None:
        visitor.open(path)

    return walk


def _send_nothing(visitor: Visitor) -> None:
    visitor.open("/")
    visitor.page.fill("#id_no", "36010219860312002")
    visitor.press("form.cb-card button[type=submit]")


def _look_for_nobody(visitor: Visitor) -> None:
    visitor.look_up(NOBODY)


def _pay_without_a_tick(visitor: Visitor) -> None:
    visitor.open("/basket")
    visitor.press("a[href*='/pay?region']")
    visitor.press("form.cb-card button[type=submit]")


def _check_a_wrong_number(visitor: Visitor) -> None:
    visitor.open("/verify/")
    visitor.page.fill("#code", "360100V0000")
    visitor.press("main button[type=submit]")


def send_without_token(visitor: Visitor) -> None:
    """Send a form whose token has gone with its cookie."""
    visitor.open("/")
    visitor.context.clear_cookies(name="csrftoken")
    visitor.press("form.cb-card button[type=submit]")


def send_too_much(visitor: Visitor) -> None:
    """Send more than any form of ours holds."""
    visitor.open("/")
    visitor.page.evaluate("""() => { const field = document.querySelector("#name");
      field.removeAttribute("maxlength"); field.value = "x".repeat(300000); }""")
    visitor.press("form.cb-card button[type=submit]")


def _take_one_off(visitor: Visitor) -> None:
    visitor.open("/basket")
    visitor.page.click("#list form button >> nth=0")
    visitor.page.wait_for_selector("#said p")


def break_and_mend(house: House) -> Walk:
    """The way into a fault of our own, which is gone afterwards."""

    def walk(visitor: Visitor) -> None:
        # Look-ups are counted in this table: without it, every look-up is a fault of our own.
        visitor.open("/")
        house.rows("ALTER TABLE kernel_throttle RENAME TO kernel_throttle_away")
        try:
            visitor.page.fill("#id_no", NOBODY.id_no)
            visitor.page.fill("#name", NOBODY.name)
            visitor.press("form.cb-card button[type=submit]")
        finally:
            house.rows("ALTER TABLE kernel_throttle_away RENAME TO kernel_throttle")

    return walk


def _look_for(person: Person) -> Walk:
    def walk(visitor: Visitor) -> None:
        visitor.look_up(person)

    return walk


NAMES = (
    "look_up",
    "look_up_wrong",
    "none_found",
    "verify",
    "verify_wrong",
    "verify_unknown",
    "agreement",
    "help",
    "privacy",
    "accessibility",
    "empty_basket",
    "not_found",
    "form_too_old",
    "too_large",
    "broken",
    "bill",
    "bill_on_list",
    "bill_met",
    "bill_two_places",
    "bill_taken",
    "bill_paid",
    "basket",
    "removed",
    "pay",
    "pay_wrong",
    "order_wallet",
    "order_stale",
    "order_scan",
    "order_asked",
    "order_in_doubt",
    "order_overdue",
    "order_closed",
    "order_expired",
    "order_in_wechat",
    "result",
    "verdict",
)
"""Every page: first those that anybody can reach, then those that somebody has to have come to."""

CORE = frozenset(
    {
        "look_up",
        "look_up_wrong",
        "none_found",
        "bill",
        "basket",
        "agreement",
        "pay",
        "pay_wrong",
        "order_wallet",
        "order_scan",
        "order_asked",
        "order_in_doubt",
        "result",
        "verify",
        "verdict",
    }
)
"""The pages that every payer passes: they are looked at in large type in Chinese too."""

_ANYBODY: dict[str, Walk] = {
    "look_up": to("/"),
    "look_up_wrong": _send_nothing,
    "none_found": _look_for_nobody,
    "verify": to("/verify/"),
    "verify_wrong": _check_a_wrong_number,
    "verify_unknown": to("/verify/360100V0000000000"),
    "agreement": to("/agreement/360100/2025-1"),
    "help": to("/help"),
    "privacy": to("/privacy"),
    "accessibility": to("/accessibility"),
    "empty_basket": to("/basket"),
    "not_found": to("/nothing-here"),
    "form_too_old": send_without_token,
    "too_large": send_too_much,
    "bill_met": _look_for(OVER_SEVENTY),
    "bill_two_places": _look_for(REGISTERED_TWICE),
}
_PUT_ASIDE = "UPDATE payments_order SET next_ask_at = NULL, {change} WHERE order_no = %(order_no)s"
"""Sets an order's state as hours of waiting would; nobody asks the channel about it any more."""


class Gallery:
    """Makes every page once, by living through what leads to it, and keeps the way there."""

    def __init__(self, house: House, new_visitor: Callable[[str], Visitor]) -> None:
        self._house = house
        self._new_visitor = new_visitor
        self.shown: dict[str, Shown] = {}

    def hang(self) -> dict[str, Shown]:
        """Every page by its name."""
        nobody = self._new_visitor("")
        for name, walk in {**_ANYBODY, "broken": break_and_mend(self._house)}.items():
            self._keep(name, nobody, walk)
        self._of_the_list()
        self._of_waiting()
        self._of_doubt()
        self._of_the_result()
        assert sorted(self.shown) == sorted(NAMES)
        return self.shown

    def _keep(self, name: str, visitor: Visitor, walk: Walk | None = None) -> None:
        here = walk or to(visitor.page.url.removeprefix(visitor.pages))
        self.shown[name] = Shown(cookies=visitor.context.storage_state(), walk=here, agent=visitor.agent)

    def _of_the_list(self) -> None:
        family = self._house.family()
        payer = self._new_visitor("")
        payer.look_up(family.grandmother)
        self._keep("bill", payer)
        payer.gather(*family.members())
        self._keep("basket", payer)
        self._keep("removed", payer, _take_one_off)
        payer.look_up(family.grandmother)
        self._keep("bill_on_list", payer)
        self._keep("pay", payer, to("/pay?region=360100"))
        self._keep("pay_wrong", payer, _pay_without_a_tick)

    def _of_waiting(self) -> None:
        family = self._house.family()
        payer = self._new_visitor("")
        payer.order(family.payer, family.newborn)
        self._keep("order_wallet", payer)
        self._keep("order_asked", payer, to(payer.page.url.removeprefix(payer.pages).replace("/o/", "/back/")))
        relative = self._new_visitor("")
        self._keep("bill_taken", relative, _look_for(family.newborn))
        self._ordered("order_stale", change="opens_until = opened_at")
        self._ordered("order_scan", how="wechat-native")
        self._ordered("order_closed", change="state = 'closed', ended_at = opened_at")
        self._ordered("order_expired", change="state = 'expired', ended_at = opened_at")
        self._ordered("order_in_wechat", agent=WECHAT_AGENT)

    def _of_doubt(self) -> None:
        self._house.sandbox.add_fault("html_502", endpoint="order", times=2)
        self._ordered("order_in_doubt", change="state = state")
        self._ordered("order_overdue", change="expires_at = opened_at - interval '3 hours'")
        self._house.sandbox.clear_faults()

    def _ordered(self, name: str, *, how: str = "wechat-h5", change: str = "", agent: str = "") -> None:
        payer = self._new_visitor(agent)
        payer.order(self._house.family().child, how=how)
        if change:
            number = payer.page.locator(".cb-facts dd").first.inner_text().replace(" ", "")
            self._house.rows(_PUT_ASIDE.format(change=change), order_no=number)
        self._keep(name, payer)

    def _of_the_result(self) -> None:
        family = self._house.family()
        payer = self._new_visitor("")
        order = payer.order(*family.members())
        payer.press("a:has-text('打开微信付款')")
        payer.act_in_wallet()
        payer.settled(order)
        assert payer.context.request.get(f"{order}/voucher.pdf").ok
        payer.page.reload()
        self._keep("result", payer)
        stranger = self._new_visitor("")
        share = payer.page.locator("a:has-text('发给家人')").get_attribute("href")
        self._keep("verdict", stranger, to(str(share)))
        self._keep("bill_paid", stranger, _look_for(family.payer))
