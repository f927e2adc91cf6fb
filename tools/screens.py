"""Takes pictures of the pages for the docs: `make screens`.

A stack of its own is started on the demonstration's date, with an empty database and a sandbox that takes no money. A
family of made-up persons is looked up and pays, in a real browser; what it sees on the way is written to docs/screens/.
Afterwards the pictures are left, and the processes' logs in .local/log-screens.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tools import browser as machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from canbao.site.demo.scene import Member
    from canbao.site.stack import Addresses

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/screens"
CLUSTER = ROOT / ".local/postgres-screens"
BUSINESS_DATE = "2024-11-15"
SETTLED_MS_MAX = 30_000
ROLES = ("payer", "child", "grandmother", "newborn")

PHONE_AGENT = (
    "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/128.0.0.0 Mobile Safari/537.36"
)


class Album:
    """The pictures taken, and where they go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, name: str, *, whole: bool = True) -> None:
        """Take a picture of the page, whole or as far as the screen shows it, in few colours to keep the file small."""
        from PIL import Image

        page.wait_for_load_state("networkidle")
        picture = Image.open(io.BytesIO(page.screenshot(full_page=whole, animations="disabled")))
        picture.convert("RGB").quantize(colors=64).save(self.folder / f"{name}.png", optimize=True)
        self.taken.append(name)
        print(f"docs/screens/{name}.png  {page.title()}")


def phone(browser: Browser, *, scheme: str = "light") -> BrowserContext:
    """A small phone."""
    return browser.new_context(
        viewport={"width": 360, "height": 740},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        user_agent=PHONE_AGENT,
        locale="zh-CN",
        color_scheme="dark" if scheme == "dark" else "light",
    )


def desktop(browser: Browser) -> BrowserContext:
    """A desktop window."""
    return browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")


def look_up(page: Page, pages: str, member: Member) -> None:
    """Look a person up, as she types herself in."""
    page.goto(f"{pages}/")
    page.fill("#id_no", member.id_no)
    page.fill("#name", member.name)
    page.click("form button[type=submit]")


def pay_on_the_phone(album: Album, page: Page, pages: str, family: Sequence[Member]) -> str:
    """The whole way on a phone, with a picture of each page; answers the address of the order's page."""
    page.goto(f"{pages}/")
    album.take(page, "look_up_phone")
    for member in family:
        look_up(page, pages, member)
        if member.role == "grandmother":
            for fold in page.query_selector_all("details:not([open]) > summary"):
                fold.click()
            album.take(page, "bill_phone")
        page.click("button[value=add]")
    page.goto(f"{pages}/basket")
    album.take(page, "basket_phone")
    page.click("a[href*='/pay']")
    page.check("input[value=wechat-h5]")
    page.check("#agree")
    album.take(page, "pay_phone")
    page.click("form button[type=submit]")
    page.wait_for_url("**/o/**")
    order = page.url
    album.take(page, "order_placed_phone")
    page.click("a.weui-btn_primary")
    page.wait_for_selector("button[value=pay]")
    album.take(page, "wallet_sandbox_phone")
    page.click("button[value=pay]")
    page.wait_for_load_state("networkidle")
    page.goto(order)
    page.wait_for_selector("a[href*='voucher.pdf']", timeout=SETTLED_MS_MAX)
    page.reload()
    album.take(page, "order_phone", whole=False)
    album.take(page, "order_whole_phone")
    return order


def read_otherwise(album: Album, browser: Browser, order: str) -> None:
    """The settled order as others read it: dark, large type, English, traditional characters, on a desktop."""
    for name, scheme, query in (
        ("order_dark_phone", "dark", ""),
        ("order_elder_phone", "light", "?view=elder"),
        ("order_english_phone", "light", "?lang=en"),
        ("order_traditional_phone", "light", "?lang=zh-Hant"),
    ):
        with phone(browser, scheme=scheme) as context:
            page = context.new_page()
            page.goto(order + query)
            album.take(page, name)
    with desktop(browser) as context:
        page = context.new_page()
        page.goto(order)
        album.take(page, "order_desktop")


def pay_on_the_desktop(album: Album, browser: Browser, pages: str, payer: Member) -> None:
    """Another payer at a desk: look up, and the code to scan."""
    with desktop(browser) as context:
        page = context.new_page()
        page.goto(f"{pages}/")
        album.take(page, "look_up_desktop")
        look_up(page, pages, payer)
        album.take(page, "bill_desktop")
        page.click("button[value=add]")
        page.goto(f"{pages}/basket")
        page.click("a[href*='/pay']")
        page.check("input[value=wechat-native]")
        page.check("#agree")
        page.click("form button[type=submit]")
        page.wait_for_url("**/o/**")
        album.take(page, "scan_desktop")


def verify(album: Album, browser: Browser, pages: str, order: str) -> None:
    """What anyone sees who checks the voucher."""
    from canbao.documents import public as documents

    with phone(browser) as context:
        paper = context.request.get(f"{order}/voucher.pdf").body()
        # The browser's event loop runs in this thread, and so would the signature check's.
        with ThreadPoolExecutor(1) as aside:
            voucher_no = aside.submit(documents.check_paper, paper).result().verdict.voucher_no
        page = context.new_page()
        page.goto(f"{pages}/verify/{voucher_no}")
        album.take(page, "verify_phone")


def take_all(album: Album, chromium: Path, addresses: Addresses, family: Sequence[Member], other: Member) -> None:
    """Every picture, from one browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=str(chromium), args=arguments)
        with phone(opened) as context:
            order = pay_on_the_phone(album, context.new_page(), addresses.pages, family)
        read_otherwise(album, opened, order)
        verify(album, opened, addresses.pages, order)
        pay_on_the_desktop(album, opened, addresses.pages, other)
        opened.close()


def main() -> int:
    """Take every picture. Exit status 1 where no browser can be had."""
    chromium = machine.find()
    if chromium.path is None:
        print(f"no pictures: {chromium.reason}", file=sys.stderr)
        return 1
    from canbao.site import postgres

    state = tempfile.mkdtemp(prefix="canbao-screens-")
    os.environ |= {"CANBAO_CLOCK": BUSINESS_DATE, "CANBAO_STATE_DIR": state}
    try:
        os.environ["DATABASE_URL"] = postgres.start(CLUSTER, durable=False).url()
        _take_with_a_stack(chromium.path)
    finally:
        postgres.destroy(CLUSTER)
        shutil.rmtree(state, ignore_errors=True)
    return 0


def _take_with_a_stack(chromium: Path) -> None:
    from canbao.site.start import prepare

    prepare(migrated=False)
    from canbao.kernel.connections import close_pool
    from canbao.registry import public as registry
    from canbao.site.demo.scene import NANCHANG, SEED, Member, set_the_scene
    from canbao.site.stack import Stack

    scene = set_the_scene(print)
    other = registry.demo_family(NANCHANG, seed=SEED, family=1, on=scene.clock.today()).payer
    stack = Stack(clock=scene.clock, logs=ROOT / ".local/log-screens")
    try:
        take_all(
            Album(FOLDER), chromium, stack.start(), scene.family,
            Member(role=ROLES[0], id_no=other.id_no, name=other.name),
        )  # fmt: skip
    finally:
        stack.stop()
        close_pool()


if __name__ == "__main__":
    sys.exit(main())
