"""The whole payment in a real browser, from look-up to a voucher that anybody can verify.

On a phone through WeChat's H5 link, on a desktop by a code to scan; with scripts and without; in three languages, in
large type, and by keyboard alone. The wallet is the sandbox's cashier, reached over its own pages.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Visit
from tests.browser.visitor import SETTLED_MS_MAX, WECHAT_AGENT, Size, Visitor

CHINESE_TEXTS = """() => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) if (/[\\u4e00-\\u9fff]/.test(walker.currentNode.data)) found.push(
    { text: walker.currentNode.data, lang: walker.currentNode.parentElement.closest("[lang]").lang });
  return found;
}"""

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])


@pytest.fixture
def held_notices(house: House) -> object:
    """The channel says nothing by itself: only asking it tells."""
    house.sandbox.post("/notices/hold")
    yield None
    house.sandbox.post("/notices/release")


@SCRIPTS
def test_a_family_is_paid_for_on_a_phone(house: House, visit: Visit, held_notices: object, scripts: bool) -> None:
    family = house.family()
    payer = visit(Size.PHONE, scripts=scripts)
    payer.gather_by_hand(*family.members())
    assert payer.heading() == "核对缴费单：4 人"
    total = payer.page.locator("section .cb-total .cb-fen").inner_text()
    payer.press("a[href*='/pay?region']")
    assert payer.heading() == f"确认付款 {total}"
    assert not payer.page.is_checked("#agree")
    assert payer.page.is_checked("input[value=wechat-h5]")
    payer.page.check("#agree")
    payer.press("form.cb-card button[type=submit]")
    order = payer.page.url
    assert payer.heading() == "等您在微信里付款"

    payer.press("a:has-text('打开微信付款')")
    assert "城乡居民基本医疗保险费 2025年 4人" in payer.page.locator("dl").inner_text()
    payer.act_in_wallet("pay")
    assert "/back/" in payer.page.url
    assert payer.heading() == "您付好了吗？"
    assert "缴费成功" not in payer.words()

    payer.press("button:has-text('我已付款')")
    assert payer.page.url == order
    assert payer.heading() == "缴费成功"
    payer.settled(order)
    assert payer.words().startswith(f"缴费成功 {total} 4 人的 2025 年医保费已缴清。")
    assert [text.split("\n")[0] for text in payer.page.locator(".cb-stages li strong").all_inner_texts()] == [
        "已付款",
        "已入账，缴费有效",
        "入国库",
        "可以报销",
    ]
    assert house.rows("SELECT state FROM payments_order WHERE amount_fen > 0 ORDER BY opened_at DESC LIMIT 1") == [
        ("settled",)
    ]


@SCRIPTS
def test_a_code_is_shown_on_the_desktop_and_paid_with_a_phone(
    house: House, visit: Visit, tmp_path: Path, scripts: bool
) -> None:
    payer = visit(Size.DESKTOP, scripts=scripts)
    order = payer.order(house.family().payer, how="wechat-native")
    assert payer.heading() == "用微信扫码付款"
    box = payer.page.locator(".cb-qr").bounding_box()
    assert box is not None
    assert 232 <= box["width"] <= 272, "200 to 240 px and a margin of 16"
    scanned = read_code(payer.page, ".cb-qr", tmp_path / "code.png")
    assert scanned.startswith("weixin://wxpay/bizpayurl")

    payer.pay_in_another_browser(scanned, house.addresses.sandbox)
    if scripts:
        # Nothing is pressed: the page looks by itself, and its result is read out where it stands.
        expect(payer.page.locator("#result h1")).to_have_text("缴费成功", timeout=SETTLED_MS_MAX)
        assert payer.page.url == order
    else:
        payer.press("button:has-text('我已付款')")
    payer.settled(order)
    assert payer.heading() == "缴费成功"


def test_the_voucher_is_the_same_at_every_download_and_verifies_typed_and_scanned(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    family = house.family()
    payer = visit(Size.PHONE)
    order = payer.order(family.payer, family.grandmother)
    payer.press("a:has-text('打开微信付款')")
    payer.act_in_wallet("pay")
    payer.settled(order)
    papers = [download(payer, tmp_path / f"{number}.pdf") for number in range(2)]
    assert papers[0].read_bytes() == papers[1].read_bytes()
    assert papers[0].read_bytes().startswith(b"%PDF")

    payer.page.reload()
    share = payer.page.locator("a:has-text('发给家人')").get_attribute("href")
    assert share is not None
    number = share.rpartition("/")[2]
    stranger = visit(Size.PHONE, scripts=False)
    stranger.open("/verify/")
    # Typed as it is read from paper: in groups, and in small letters.
    stranger.page.fill("#code", f"{number[:6]} {number[6:10]} {number[10:]}".lower())
    stranger.press("main button[type=submit]")
    assert stranger.page.url == f"{house.addresses.pages}/verify/{number}"
    assert stranger.heading() == "真的，有效"
    typed = stranger.words()
    assert f"*{family.grandmother.name[-1]}" in typed
    assert f"尾号 {family.grandmother.id_no[-2:]}" in typed
    assert "2025年1月1日" in typed

    scanner = visit(Size.PHONE)
    scanner.page.goto(code_on_paper(papers[0], tmp_path))
    assert scanner.words() == typed
    stranger.open(f"/verify/{number[:-1]}{'2' if number[-1] != '2' else '3'}")
    assert stranger.heading() == "没有这张凭证，请核对凭证号"
    assert "不要相信这张凭证" in stranger.words()


@pytest.mark.parametrize(
    "language,elder,lang,done",
    [
        ("zh-Hant", False, "zh-Hant", "繳費成功"),
        ("en", False, "en", "Payment received"),
        ("", True, "zh-Hans", "缴费成功"),
    ],
    ids=["traditional", "english", "elder"],
)
def test_a_payment_in_another_language_or_in_large_type(
    house: House, visit: Visit, language: str, elder: bool, lang: str, done: str
) -> None:
    payer = visit(Size.PHONE, scripts=language != "zh-Hant")
    payer.speak(language, elder=elder)
    order = payer.order(house.family().newborn)
    root = payer.page.locator("html")
    expect(root).to_have_attribute("lang", lang)
    assert ("elder" in (root.get_attribute("class") or "")) is elder
    payer.press("a.weui-btn_primary")
    payer.act_in_wallet("pay")
    payer.settled(order)
    assert payer.heading() == done
    text = payer.words()
    assert not re.search(r"\{\w+\}|\b(lookup|bill|basket|pay|order|result)\.[a-z_]+", text)
    if lang == "en":
        # What stays Chinese, a masked name, is named as such for voices.
        chinese = payer.page.evaluate(CHINESE_TEXTS)
        assert chinese != []
        assert {said["lang"] for said in chinese} == {"zh"}, chinese


def test_who_cancels_in_the_wallet_is_asked_and_goes_on_with_the_same_order(house: House, visit: Visit) -> None:
    payer = visit(Size.PHONE)
    before = house.order_count()
    order = payer.order(house.family().child)
    payer.press("a:has-text('打开微信付款')")
    payer.act_in_wallet("cancel")
    assert payer.heading() == "您付好了吗？"
    payer.press("button:has-text('我已付款')")
    assert payer.page.url == order
    assert "微信说还没有收到付款" in payer.words()
    payer.page.go_back()
    payer.press("button:has-text('还没付，继续付')")
    assert payer.page.url == order
    payer.press("a:has-text('打开微信付款')")
    payer.act_in_wallet("pay")
    payer.settled(order)
    assert house.order_count() == before + 1


@SCRIPTS
def test_inside_wechat_a_sentence_says_what_to_do(house: House, visit: Visit, scripts: bool) -> None:
    payer = visit(Size.PHONE, scripts=scripts, agent=WECHAT_AGENT)
    order = payer.order(house.family().payer)
    assert "在微信里付款要用到脚本。请点右上角“…”，选“在浏览器打开”。" in payer.words()
    assert payer.page.locator("a[href*='checkmweb']").count() == 0
    assert payer.page.locator(".cb-address").inner_text() == order
    # The same order in the phone's own browser, where the address was opened.
    other = visit(Size.PHONE, scripts=scripts)
    other.page.goto(order)
    other.press("a:has-text('打开微信付款')")
    other.act_in_wallet("pay")
    other.settled(order)
    assert other.heading() == "缴费成功"


def test_a_lost_answer_is_told_as_not_known_and_becomes_paid_when_the_channel_says_so(
    house: House, visit: Visit
) -> None:
    payer = visit(Size.PHONE)
    house.sandbox.add_fault("before_create_answer", endpoint="order", count=1)
    house.sandbox.add_fault("reset_after_processing", endpoint="order", count=1)
    house.sandbox.post("/notices/hold")
    try:
        order = payer.order(house.family().payer)
        assert payer.heading() == "还不知道这笔钱有没有付成"
        assert "请先不要再付一次" in payer.words()
        assert payer.page.locator(".cb-tag-unknown").inner_text().strip() == "核实中"
        assert payer.page.locator("a[href*='checkmweb']").count() == 0
    finally:
        house.sandbox.clear_faults()
        house.sandbox.post("/notices/release")
    payer.settled(order)
    assert payer.heading() == "缴费成功"


def read_code(page: Page, what: str, file: Path) -> str:
    """What a phone's camera reads from a code on the screen."""
    page.locator(what).screenshot(path=file)
    found = zxingcpp.read_barcodes(Image.open(file))
    assert len(found) == 1
    return str(found[0].text)


def download(payer: Visitor, file: Path) -> Path:
    """Download the voucher by its button."""
    with payer.page.expect_download() as started:
        payer.page.click("a[href$='/voucher.pdf']")
    assert re.fullmatch(r"canbao-voucher-[0-9A-Z]+\.pdf", started.value.suggested_filename)
    started.value.save_as(file)
    return file


def code_on_paper(paper: Path, folder: Path) -> str:
    """The address that a camera reads from the printed voucher."""
    drawer = shutil.which("pdftoppm")
    if drawer is None:
        pytest.skip("no pdftoppm on this machine, so the paper cannot be looked at (Debian: poppler-utils)")
    subprocess.run([drawer, "-r", "150", "-png", "-singlefile", str(paper), str(folder / "paper")], check=True)
    found = zxingcpp.read_barcodes(Image.open(folder / "paper.png"))
    assert len(found) == 1
    return str(found[0].text)
