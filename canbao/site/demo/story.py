"""The main job through the real doors: a payer looks up her family, pays one order by WeChat H5, and holds a voucher in
her hand.

Pages, wallet and verification are reached over HTTP against the running processes, as a person reaches them; only at
the end do the auditors read the books.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from canbao.journeys.audit_books import audit_books
from canbao.kernel.findings import Finding
from canbao.kernel.regions import RegionCode
from canbao.site.demo.browser import Browser, Page
from canbao.site.demo.scene import Member, Say, Scene
from canbao.site.stack import Addresses

_AMOUNT = re.compile(r"[−-]?￥[\d,]+\.\d\d")

SETTLED_S_MAX = 20.0
COVER_S_MAX = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """From when until when a person is covered; `covered_until` is the first day without cover."""

    role: str
    amount_fen: int
    covered_from: date
    covered_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How the story ended. `notice_to_settled_ms` is from the notice's arrival at the intake to the settled order."""

    region_code: RegionCode
    order_no: str
    amount_fen: int
    order_state: str
    bills_paid: int
    covers: tuple[Covered, ...]
    findings: tuple[Finding, ...]
    receipt_pdf: Path
    receipt_valid: bool
    verdict: str
    notice_to_settled_ms: int | None


def tell(scene: Scene, addresses: Addresses, folder: Path, say: Say) -> Told:
    """Play the story and answer how it ended. Raises LookupError when a page is not as a person would find it."""
    with Browser() as browser:
        page = _gather_the_family(browser, addresses, scene.family, say)
        order = _pay(browser, page, say)
        token = order.url.rstrip("/").rpartition("/")[2]
        settled = _wait_for_the_result(browser, f"{addresses.pages}/o/{token}", say)
        receipt_bytes = _download(browser, settled)
        code = _printed_code(receipt_bytes)
        folder.mkdir(parents=True, exist_ok=True)
        receipt = folder / f"voucher-{code}.pdf"
        receipt.write_bytes(receipt_bytes)
        say(f"voucher: {receipt} ({len(receipt_bytes) // 1024} KB)")
        verdict = browser.open(f"{addresses.pages}/verify/{code}")
    return _look_into_the_books(token, scene.family, receipt, verdict, say)


def _gather_the_family(browser: Browser, addresses: Addresses, family: Sequence[Member], say: Say) -> Page:
    """Look up every member, read how each amount came about, and put each on the list."""
    page = browser.open(f"{addresses.pages}/")
    for member in family:
        found = browser.send(page, page.form_with(id_no="", name=""), id_no=member.id_no, name=member.name)
        form = found.form_with(then="add")
        say(f"{member.role}: {_amount(found)}, because: {'; '.join(_explanation(found))}")
        page = browser.send(found, form, then="add")
    return browser.open(f"{addresses.pages}/basket")


def _pay(browser: Browser, basket: Page, say: Say) -> Page:
    """Tick the agreement, choose WeChat H5, and press pay in the wallet;

    answers the order's page as it was before that.
    """
    paying = browser.open(basket.link_to("/pay"))
    form = paying.form_with(key="", amount="")
    order = browser.send(paying, form, how="wechat-h5", agree="yes")
    if "/o/" not in order.url:
        message = f"no order was made: {order.text[:400]}"
        raise LookupError(message)
    say("order placed with WeChat; opening the wallet")
    wallet = browser.open(order.link_to("checkmweb"))
    after = browser.send(wallet, wallet.forms[0], **_press(wallet, "支付"))
    say(f"wallet: {' '.join(after.texts[:6])[:60]}")
    return order


def _press(page: Page, words: str) -> dict[str, str]:
    """The name and value of the button with these words."""
    for form in page.forms:
        for text, name, value in form.buttons:
            if text.startswith(words):
                return {name: value} if name else {}
    message = f"{page.url} has no button {words}: {page.text[:300]}"
    raise LookupError(message)


def _wait_for_the_result(browser: Browser, url: str, say: Say) -> Page:
    """Look at the order's page until it shows the voucher's download: settled, and cover written."""
    until = time.monotonic() + SETTLED_S_MAX
    page = browser.open(url)
    while time.monotonic() < until:
        if any("voucher.pdf" in address for _, address in page.links):
            say("result: paid and recorded")
            return page
        threading.Event().wait(0.1)
        page = browser.open(url)
    message = f"the order was not settled within {SETTLED_S_MAX:.0f} s: {page.text[:400]}"
    raise LookupError(message)


def _download(browser: Browser, page: Page) -> bytes:
    """The voucher, twice: the second download must give the same bytes. While cover is being written it is not
    ready.
    """
    until = time.monotonic() + COVER_S_MAX
    url = page.link_to("voucher.pdf")
    while time.monotonic() < until:
        status, content = browser.download(url)
        if status == 200 and content.startswith(b"%PDF"):
            again = browser.download(url)
            assert again == (status, content), "a voucher has the same bytes at every download"
            return content
        threading.Event().wait(0.1)
    message = f"no voucher within {COVER_S_MAX:.0f} s"
    raise LookupError(message)


def _look_into_the_books(token: str, family: Sequence[Member], receipt: Path, verdict: Page, say: Say) -> Told:
    """What the rooms and the auditors say of the order afterwards."""
    from canbao.billing import public as billing
    from canbao.coverage import public as coverage
    from canbao.documents import public as documents
    from canbao.payments import public as payments

    order = payments.order_by_token(token)
    bills = {bill.bill_id: bill for bill in billing.bills(order.region_code, order.bill_ids)}
    covers = {cover.bill_id: cover for cover in coverage.of_bills(order.region_code, order.bill_ids)}
    paper = documents.check_paper(receipt.read_bytes())
    notice_ms = payments.notice_to_settled_ms(order.region_code, order.order_no)
    return Told(
        region_code=order.region_code,
        order_no=order.order_no,
        amount_fen=order.amount_fen,
        order_state=str(order.state),
        bills_paid=sum(bill.state == "paid" for bill in bills.values()),
        covers=tuple(
            Covered(
                role=member.role,
                amount_fen=bills[bill_id].personal_fen,
                covered_from=covers[bill_id].from_on,
                covered_until=covers[bill_id].until_on,
            )
            for member, bill_id in zip(family, order.bill_ids, strict=True)
        ),
        findings=tuple(audit_books(order.region_code)),
        receipt_pdf=receipt,
        receipt_valid=paper.is_good and verdict.status == 200,
        verdict=_verdict(verdict),
        notice_to_settled_ms=notice_ms,
    )


def _amount(page: Page) -> str:
    found = re.search(r"￥[\d,]+\.\d\d", page.text)
    return found.group() if found else "no amount"


def _explanation(page: Page) -> list[str]:
    """How the amount came about, as the page says it: each step's words and amount, up to what is to be paid."""
    steps: list[str] = []
    heard: list[str] = []
    begins = next((place for place, text in enumerate(page.texts) if "为什么是" in text), len(page.texts))
    for text in page.texts[begins + 1 :]:
        if _AMOUNT.fullmatch(text) is None:
            heard.append(text)
            continue
        # Before each amount stand its words and, after them, its source; before the last one only the words.
        steps.append(f"{heard[-2] if len(heard) > 1 else heard[-1]} {text}")
        if "您要缴" in steps[-1] or "您要缴" in heard[-1]:
            break
        heard.clear()
    return steps


def _printed_code(pdf: bytes) -> str:
    """The voucher number that the paper itself bears."""
    from canbao.documents import public as documents

    return documents.check_paper(pdf).verdict.voucher_no


def _verdict(page: Page) -> str:
    """The verification page's first words."""
    heads = [text for text in page.texts if "真的" in text]
    return heads[0] if heads else page.text[:60]
