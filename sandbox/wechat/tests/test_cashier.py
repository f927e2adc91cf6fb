"""The pages a payer sees: WeChat's doors, four buttons, and the words that no money moves."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from sandbox.wechat.cashier import EXPIRED, FOREIGN_HOST, FOREIGN_RETURN, NO_REFERER, OTHER_ACCOUNT
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.orders import TradeState
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import Merchant, content_of, whole_book

OURS = "http://127.0.0.1:8000/pay/C36"
STRIP = "演示环境 不会扣钱"


def _get(gateway: WeChatGateway, target: str, referer: str = OURS, cookie: str = "") -> tuple[int, dict[str, str], str]:
    path, _, query = target.partition("?")
    headers = {"referer": referer, "cookie": cookie}
    status, answered, body = gateway.handle("GET", path, query, headers, b"")
    return status, answered, body.decode()


def _h5_target(merchant: Merchant, out_trade_no: str = "ORDER0001", return_url: str = "") -> str:
    url = urlsplit(str(content_of(merchant.place(out_trade_no))["h5_url"]))
    tail = f"&redirect_url={quote(return_url, safe='')}" if return_url else ""
    return f"{url.path}?{url.query}{tail}"


def _press(gateway: WeChatGateway, page: str, act: str, cookie: str = "") -> tuple[int, str]:
    hidden = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)">\n', page)}
    form = urlencode(hidden | {"act": act}).encode()
    status, headers, _ = gateway.handle("POST", "/cashier/act", "", {"cookie": cookie}, form)
    return status, headers.get("Location", "")


def _state(gateway: WeChatGateway, out_trade_no: str = "ORDER0001") -> TradeState:
    return gateway.orders.named(out_trade_no=out_trade_no).state


def test_page_shows_amount_merchant_and_four_buttons(merchant: Merchant, gateway: WeChatGateway) -> None:
    status, headers, page = _get(gateway, _h5_target(merchant))
    assert status == 200
    for text in (STRIP, "<span>¥</span>380.00", gateway.keys.mchid, "ORDER0001", "支付", "取消", "失败", "超时"):
        assert text in page
    assert "<script" not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_paying_leads_to_a_result_with_the_way_back(merchant: Merchant, gateway: WeChatGateway) -> None:
    back = "http://127.0.0.1:8000/result/C36?x=1&y=2"
    _, _, page = _get(gateway, _h5_target(merchant, return_url=back))
    status, where = _press(gateway, page, "pay")
    assert status == 303
    _, _, result = _get(gateway, where)
    assert "支付成功" in result
    assert STRIP in result
    (link,) = re.findall(r'href="(http[^"]*)"', result)
    assert unescape(link) == back
    assert _state(gateway) is TradeState.SUCCESS
    assert len(merchant.hear(200)) == 1


def test_pressing_pay_twice_pays_once(merchant: Merchant, gateway: WeChatGateway) -> None:
    _, _, page = _get(gateway, _h5_target(merchant))
    assert [_press(gateway, page, "pay")[1].endswith("outcome=paid") for _ in range(2)] == [True, True]
    assert gateway.ledger.balance_fen(f"merchant:{gateway.keys.mchid}") == 38000
    assert len(merchant.hear(200)) == 1


@pytest.mark.parametrize("act,words", [("cancel", "已取消支付"), ("fail", "支付失败"), ("timeout", "支付超时")])
def test_other_buttons_leave_the_order_unpaid(merchant: Merchant, gateway: WeChatGateway, act: str, words: str) -> None:
    _, _, page = _get(gateway, _h5_target(merchant))
    _, where = _press(gateway, page, act)
    assert words in _get(gateway, where)[2]
    assert _state(gateway) is TradeState.NOTPAY
    assert gateway.due_notices() == []


def test_after_a_timeout_the_page_is_dead_until_ordered_anew(merchant: Merchant, gateway: WeChatGateway) -> None:
    target = _h5_target(merchant)
    _, _, page = _get(gateway, target)
    _press(gateway, page, "timeout")
    assert EXPIRED in _get(gateway, target)[2]
    _press(gateway, page, "pay")
    assert _state(gateway) is TradeState.NOTPAY
    assert "<button" in _get(gateway, _h5_target(merchant))[2]


@pytest.mark.parametrize(
    "referer,words",
    [("", NO_REFERER), ("https://shop.example.com/pay", FOREIGN_HOST), ("http://127.0.0.1.example.com/", FOREIGN_HOST)],
)
def test_page_without_our_referer_is_refused_in_wechats_words(
    merchant: Merchant, gateway: WeChatGateway, referer: str, words: str
) -> None:
    target = _h5_target(merchant)
    before = whole_book(gateway)
    _, _, page = _get(gateway, target, referer)
    assert words in page
    assert STRIP in page
    assert "<button" not in page
    assert whole_book(gateway) == before


def test_way_back_to_a_foreign_host_is_refused(merchant: Merchant, gateway: WeChatGateway) -> None:
    for url in ("https://shop.example.com/", "javascript:alert(1)", "//shop.example.com/"):
        assert FOREIGN_RETURN in _get(gateway, _h5_target(merchant, return_url=url))[2]


def test_h5_link_lives_five_minutes(merchant: Merchant, gateway: WeChatGateway) -> None:
    target = _h5_target(merchant)
    gateway.clock.advance(299)
    assert "<button" in _get(gateway, target)[2]
    gateway.clock.advance(1)
    assert EXPIRED in _get(gateway, target)[2]


def test_link_of_an_earlier_preparation_is_dead(merchant: Merchant, gateway: WeChatGateway) -> None:
    first = _h5_target(merchant)
    second = _h5_target(merchant)
    assert EXPIRED in _get(gateway, first)[2]
    assert "<button" in _get(gateway, second)[2]


def test_link_serves_one_account(merchant: Merchant, gateway: WeChatGateway) -> None:
    gateway.ledger.default_payer(START)
    other = gateway.ledger.create_payer(name="另一人", balance_fen=10**6, openid=None, now=START)
    target = _h5_target(merchant)
    _, _, page = _get(gateway, target)
    cookie = f"sandbox_payer={other.openid}"
    assert OTHER_ACCOUNT in _get(gateway, target, cookie=cookie)[2]
    _press(gateway, page, "pay", cookie)
    assert _state(gateway) is TradeState.NOTPAY
    _press(gateway, page, "pay")
    assert _state(gateway) is TradeState.SUCCESS


def test_account_in_the_cookie_pays(merchant: Merchant, gateway: WeChatGateway) -> None:
    poor = gateway.ledger.create_payer(name="余额不足的人", balance_fen=1, openid=None, now=START)
    rich = gateway.ledger.create_payer(name="付款人", balance_fen=38000, openid=None, now=START)
    cookie = f"sandbox_payer={rich.openid}"
    _, _, page = _get(gateway, _h5_target(merchant), cookie=cookie)
    _press(gateway, page, "pay", cookie)
    assert gateway.ledger.payer(rich.openid).balance_fen == 0
    _, _, page = _get(gateway, _h5_target(merchant, "ORDER0002"))
    _, where = _press(gateway, page, "pay")
    assert "余额不足" in _get(gateway, where)[2]
    assert gateway.ledger.payer(poor.openid).balance_fen == 1


@pytest.mark.parametrize("whole", [True, False])
def test_scanned_code_opens_the_native_page(merchant: Merchant, gateway: WeChatGateway, whole: bool) -> None:
    code_url = str(content_of(merchant.place("ORDER0001", kind="native"))["code_url"])
    code = code_url if whole else parse_qs(urlsplit(code_url).query)["pr"][0]
    _, _, page = _get(gateway, f"/cashier/native?code={quote(code, safe='')}", referer="")
    _press(gateway, page, "pay")
    assert _state(gateway) is TradeState.SUCCESS


def test_native_code_lives_two_hours_and_is_no_h5_link(merchant: Merchant, gateway: WeChatGateway) -> None:
    merchant.place("ORDER0001", kind="native")
    order = gateway.orders.named(out_trade_no="ORDER0001")
    link = f"/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={order.prepay_id}&package={order.page_code}"
    assert EXPIRED in _get(gateway, link)[2]
    gateway.clock.advance(7200)
    assert EXPIRED in _get(gateway, f"/cashier/native?code={order.page_code}")[2]


def test_paid_order_shows_its_result_and_closed_order_cannot_be_paid(
    merchant: Merchant, gateway: WeChatGateway
) -> None:
    target = _h5_target(merchant)
    merchant.pay("ORDER0001")
    status, headers, _ = _get(gateway, target)
    assert (status, headers["Location"].endswith("outcome=paid")) == (303, True)
    target = _h5_target(merchant, "ORDER0002")
    _, _, page = _get(gateway, target)
    merchant.close("ORDER0002")
    _press(gateway, page, "pay")
    assert _state(gateway, "ORDER0002") is TradeState.CLOSED
    assert "无法支付" in _get(gateway, _get(gateway, target)[1]["Location"])[2]


def test_merchants_words_are_shown_as_words(merchant: Merchant, gateway: WeChatGateway) -> None:
    words = '<script>alert("保险")</script>'
    url = urlsplit(str(content_of(merchant.place("ORDER0001", changes={"description": words}))["h5_url"]))
    _, _, page = _get(gateway, f"{url.path}?{url.query}")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("form", [b"", b"code=nowhere&act=pay", b"\xff\xfe", b"&" * 50 + b"a=1" * 30])
def test_nonsense_form_is_a_refusal_page(gateway: WeChatGateway, form: bytes) -> None:
    status, _, body = gateway.handle("POST", "/cashier/act", "", {}, form)
    assert status == 200
    assert EXPIRED in body.decode()


def test_unknown_button_changes_nothing(merchant: Merchant, gateway: WeChatGateway) -> None:
    _, _, page = _get(gateway, _h5_target(merchant))
    before = whole_book(gateway)
    _press(gateway, page, "steal")
    assert whole_book(gateway) == before


def test_wrong_method_is_405_and_the_style_is_served(gateway: WeChatGateway) -> None:
    assert gateway.handle("GET", "/cashier/act", "", {}, b"")[0] == 405
    status, headers, body = gateway.handle("GET", "/cashier/style.css", "", {}, b"")
    assert (status, headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert b"min-height: 48px" in body
