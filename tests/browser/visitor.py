"""A person with a browser, and what a test may ask of the page in front of her.

Every message on the browser's console is kept, and the fixture that made the visitor fails the test for each: under the
strict content security policy a page has nothing to say there. The one exception is Chromium's own line about a page
that was answered with a status of 400 or more, which is a page of ours like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from playwright.sync_api import APIResponse, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.town import Person

PHONE_AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
WECHAT_AGENT = PHONE_AGENT + " MicroMessenger/8.0.50"
SETTLED_MS_MAX = 30_000


def _hidden(answer: APIResponse) -> dict[str, str]:
    """What the forms of a page carry unseen."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text()))
    assert found, f"no form on the page of {answer.status}"
    return found


class Size(StrEnum):
    """The screens that pages are made for, and the smallest that must still work: 1280 × 1024 at 400 %."""

    PHONE = "phone"
    DESKTOP = "desktop"
    SMALLEST = "smallest"

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height."""
        return {Size.PHONE: (360, 740), Size.DESKTOP: (1280, 800), Size.SMALLEST: (320, 256)}[self]


@dataclass(slots=True)
class Visitor:
    """One browser of one person, with cookies of its own and an internet address of its own."""

    context: BrowserContext
    page: Page
    pages: str
    agent: str = ""
    heard: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Keep what the browser says and every address it asks for."""
        # Functions and not methods: Playwright writes a mark on what a method is bound to.
        self.page.on("console", lambda message: self._hear(message))
        self.page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        self.page.on("request", lambda request: self._keep_address(request))

    def _hear(self, message: ConsoleMessage) -> None:
        place = message.location.get("url", "")
        if place and not place.startswith(self.pages):
            return  # The wallet's own page.
        is_status_of_a_page = re.fullmatch(
            r"Failed to load resource: the server responded with a status of (4\d\d|5\d\d) \(.*\)", message.text
        )
        if not (is_status_of_a_page and place.split("#")[0] in self.asked):
            self.heard.append(f"{message.type}: {message.text}")

    def _keep_address(self, request: Request) -> None:
        if request.is_navigation_request():
            self.asked.append(request.url)

    def open(self, path: str = "/") -> Page:
        """Open one of our pages by its path."""
        self.page.goto(self.pages + path)
        return self.page

    def speak(self, language: str = "", *, elder: bool = False) -> None:
        """Choose a language, and large type, by the links of the head."""
        wanted = f"lang={language or 'zh-Hans'}&view={'elder' if elder else 'ordinary'}"
        self.open(f"/help?{wanted}")

    def look_up(self, person: Person) -> Page:
        """Look somebody up on the first page."""
        self.open("/")
        self.page.fill("#id_no", person.id_no)
        self.page.fill("#name", person.name)
        self.press("form.cb-card button[type=submit]")
        return self.page

    def gather_by_hand(self, *people: Person) -> Page:
        """Look everybody up and put each on the list, page by page; ends on the list."""
        for person in people:
            self.look_up(person)
            self.press("button[name=then][value=add]")
        return self.open("/basket")

    def gather(self, *people: Person) -> Page:
        """Put everybody on the list by the same forms, whose pages are not drawn on the way; ends on the list."""
        for person in people:
            first = self._ask("/")
            found = self._ask("/", {**_hidden(first), "id_no": person.id_no, "name": person.name})
            taken = self._ask(f"{urlsplit(found.url).path}/take", {**_hidden(found), "then": "add"})
            assert taken.ok, f"{taken.status} instead of the next person"
        return self.open("/basket")

    def _ask(self, path: str, form: dict[str, str | float | bool] | None = None) -> APIResponse:
        """Ask for a page as this browser, cookies and all, or send it a form, without drawing what comes."""
        if form is None:
            return self.context.request.get(self.pages + path)
        return self.context.request.post(self.pages + path, form=form)

    def go_to_pay(self, *people: Person) -> Page:
        """Gather people and go on to the pay page."""
        self.gather(*people)
        self.press("a[href*='/pay?region']")
        return self.page

    def order(self, *people: Person, how: str = "wechat-h5") -> str:
        """Make an order for these people; answers the address of its page, where she then is."""
        self.go_to_pay(*people)
        self.page.check(f"input[name=how][value={how}]")
        self.page.check("#agree")
        self.press("form.cb-card button[type=submit]")
        self.page.wait_for_url("**/o/*")
        return self.page.url

    def press(self, what: str) -> None:
        """Press something that leads to another page, and wait for that page."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.click(what)

    def act_in_wallet(self, act: str = "pay") -> None:
        """On the wallet's page: pay, cancel, fail or run out of time, then go back to where it leads."""
        self.press(f"button[name=act][value={act}]")
        self.press("a.main")

    def settled(self, order: str) -> Page:
        """Look at an order until it has been settled and its cover stands; ends on its page."""
        self.page.goto(order)
        for _ in range(SETTLED_MS_MAX // 200):
            if self.page.locator(".cb-msg ~ .cb-card .cb-stages :is(.cb-fg-not-covered, .cb-fg-covered)").count():
                return self.page
            self.page.wait_for_timeout(200)
            self.page.reload()
        message = f"the order was not settled within {SETTLED_MS_MAX // 1000} s: {self.words()[:300]}"
        raise AssertionError(message)

    def words(self) -> str:
        """All that the main part of the page says, blanks made single."""
        return " ".join(self.page.locator("main").inner_text().split())

    def heading(self) -> str:
        """The one first heading."""
        return " ".join(self.page.locator("h1").inner_text().split())

    def pay_in_another_browser(self, scanned: str, sandbox: str) -> None:
        """Scan a code with a phone that has WeChat, and pay there."""
        with self._other_page() as phone:
            phone.goto(f"{sandbox}/cashier/native?code={scanned.partition('pr=')[2]}")
            phone.click("button[name=act][value=pay]")
            phone.wait_for_url("**/cashier/result?*outcome=paid*")

    @contextmanager
    def _other_page(self) -> Iterator[Page]:
        browser = self.context.browser
        assert browser is not None
        context = browser.new_context(user_agent=WECHAT_AGENT)
        try:
            yield context.new_page()
        finally:
            context.close()
