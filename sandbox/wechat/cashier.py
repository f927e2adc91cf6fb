"""The pages on which a payer pays: what WeChat shows after an H5 link or a scanned code, played honestly.

`checkmweb` keeps WeChat's own doors: no Referer, no page; five minutes, then no page; one link serves one account;
the way back must lead to the merchant's own host. Every page says that it is a demonstration and takes no money.
Plain forms, no script, one style sheet, a policy that allows nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote, urlsplit

from sandbox.exchange import Answer, Request
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.fields import OrderKind
from sandbox.wechat.keys import Keys
from sandbox.wechat.ledger import Ledger, Payer
from sandbox.wechat.orders import H5_URL_LIFE, PREPAY_LIFE, Order, OrderBook, TradeState

CHECKMWEB = "/cgi-bin/mmpayweb-bin/checkmweb"
NATIVE = "/cashier/native"
ACT = "/cashier/act"
RESULT = "/cashier/result"
STYLE = "/cashier/style.css"
PATHS = frozenset({CHECKMWEB, NATIVE, ACT, RESULT, STYLE})

# WeChat's own words where it refuses to open the page.
NO_REFERER = "商家参数格式有误，请联系商家解决"
FOREIGN_HOST = "商家存在未配置的参数，请联系商家解决"
EXPIRED = "支付请求已失效，请重新发起支付"
OTHER_ACCOUNT = "该支付链接已被其他微信账号打开，请由原账号支付或重新发起支付"
FOREIGN_RETURN = "redirect_url 与商家支付域名不一致，请联系商家解决"

_PAGES = Path(__file__).parent / "pages"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OUTCOMES = {
    "paid": ("支付成功", "商家会在收到支付结果通知后处理您的订单。"),
    "cancelled": ("已取消支付", "您没有付款，订单仍可支付。"),
    "failed": ("支付失败", "付款没有成功，订单仍可支付。"),
    "short": ("支付失败", "余额不足，付款没有成功，订单仍可支付。"),
    "timeout": ("支付超时", "页面停留过久，支付请求已失效，请回到商家重新发起支付。"),
    "refused": ("无法支付", "该订单已不能支付，请回到商家查看订单。"),
}


class PageRefusal(Exception):
    """WeChat does not open the page; the words are its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A page that may be shown: whose order, to whom, and where back to."""

    order: Order
    payer: Payer
    return_url: str


class Cashier:
    """The payer's side of an order."""

    def __init__(self, *, orders: OrderBook, ledger: Ledger, keys: Keys) -> None:
        self._orders = orders
        self._ledger = ledger
        self._keys = keys

    def owns(self, path: str) -> bool:
        """Whether this path is one of the cashier's pages."""
        return path in PATHS

    def answer(self, request: Request, now: datetime) -> Answer:
        """The page for a request; a refusal is a page too, with status 200 as WeChat sends it."""
        if request.path == STYLE:
            return _answer(200, (_PAGES / "style.css").read_text(), "text/css; charset=utf-8")
        wanted = "POST" if request.path == ACT else "GET"
        if request.method != wanted:
            return _answer(405, "", "text/plain")
        try:
            match request.path:
                case path if path == CHECKMWEB:
                    return self._pay_page(self._open_h5(request, now))
                case path if path == NATIVE:
                    return self._pay_page(self._open_native(request, now))
                case path if path == ACT:
                    return self._act(request, now)
                case _:
                    return self._result(request)
        except PageRefusal as refused:
            return _page("refusal.html", {"reason": str(refused)})

    def _open_h5(self, request: Request, now: datetime) -> Opened:
        values = _values(request.query)
        if not self._is_own_page(request.headers.get("referer", "")):
            raise PageRefusal(FOREIGN_HOST if request.headers.get("referer") else NO_REFERER)
        order = self._orders.by_page_code(values.get("package", ""))
        if order is None or order.prepay_id != values.get("prepay_id") or order.kind is not OrderKind.H5:
            raise PageRefusal(EXPIRED)
        if now >= order.prepared_at + H5_URL_LIFE:
            raise PageRefusal(EXPIRED)
        return self._open(order, request, values.get("redirect_url", ""), now)

    def _open_native(self, request: Request, now: datetime) -> Opened:
        """What scanning a code opens; takes the bare `pr` or the whole `weixin://` address."""
        code = _values(request.query).get("code", "")
        if code.startswith("weixin://"):
            code = _values(urlsplit(code).query).get("pr", "")
        order = self._orders.by_page_code(code)
        if order is None or order.kind is not OrderKind.NATIVE or now >= order.prepared_at + PREPAY_LIFE:
            raise PageRefusal(EXPIRED)
        return self._open(order, request, "", now)

    def _open(self, order: Order, request: Request, return_url: str, now: datetime) -> Opened:
        if return_url and not self._is_own_page(return_url):
            raise PageRefusal(FOREIGN_RETURN)
        if order.is_page_spent:
            raise PageRefusal(EXPIRED)
        payer = self._payer_of(request, now)
        if not self._orders.bind_page(order, payer.openid):
            raise PageRefusal(OTHER_ACCOUNT)
        return Opened(order=order, payer=payer, return_url=return_url)

    def _is_own_page(self, url: str) -> bool:
        """Whether an address lies on a host that the merchant registered for H5."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        shown = f"[{host}]" if ":" in host else host
        return parts.scheme in ("http", "https") and shown in self._keys.h5_hosts

    def _payer_of(self, request: Request, now: datetime) -> Payer:
        """Who holds the phone: the account in the cookie `sandbox_payer`, else the first payer."""
        try:
            cookie = SimpleCookie(request.headers.get("cookie", "")).get("sandbox_payer")
            return self._ledger.payer(cookie.value) if cookie else self._ledger.default_payer(now)
        except (CookieError, SandboxRefusal):
            return self._ledger.default_payer(now)

    def _pay_page(self, opened: Opened) -> Answer:
        order = opened.order
        if order.state is not TradeState.NOTPAY:
            word = "paid" if order.state is TradeState.SUCCESS else "refused"
            return _see_result(order.page_code, word, opened.return_url)
        return _page(
            "pay.html",
            {
                "amount": f"{order.total_fen // 100}.{order.total_fen % 100:02d}",
                "description": order.description,
                "merchant": order.merchant_ref,
                "number": order.out_trade_no,
                "payer": opened.payer.name,
                "code": order.page_code,
                "return_url": opened.return_url,
            },
        )

    def _act(self, request: Request, now: datetime) -> Answer:
        try:
            values = _values(request.body.decode())
        except UnicodeDecodeError:
            raise PageRefusal(EXPIRED) from None
        order = self._orders.by_page_code(values.get("code", ""))
        if order is None:
            raise PageRefusal(EXPIRED)
        opened = self._open(order, request, values.get("return_url", ""), now)
        match values.get("act"):
            case "pay":
                word = self._pay(opened, now)
            case "cancel":
                word = "cancelled"
            case "fail":
                word = "failed"
            case "timeout":
                self._orders.spend_page(order)
                word = "timeout"
            case _:
                raise PageRefusal(EXPIRED)
        return _see_result(order.page_code, word, opened.return_url)

    def _pay(self, opened: Opened, now: datetime) -> str:
        """Pay; pressing twice pays once."""
        try:
            self._orders.pay(opened.order, opened.payer.openid, now)
        except SandboxRefusal as refused:
            if opened.order.state is TradeState.SUCCESS:
                return "paid"
            return "short" if refused.code == "balance_too_low" else "refused"
        return "paid"

    def _result(self, request: Request) -> Answer:
        values = _values(request.query)
        order = self._orders.by_page_code(values.get("code", ""))
        outcome = OUTCOMES.get(values.get("outcome", ""))
        if order is None or outcome is None:
            raise PageRefusal(EXPIRED)
        return_url = values.get("return_url", "")
        if return_url and not self._is_own_page(return_url):
            raise PageRefusal(FOREIGN_RETURN)
        title, text = outcome
        shown = {"title": title, "text": text, "number": order.out_trade_no}
        if return_url:
            return _page("result_with_return.html", shown | {"return_url": return_url})
        return _page("result.html", shown)


def _values(query: str) -> dict[str, str]:
    """Names and values of a query or form; of a repeated name the first counts."""
    try:
        found = parse_qs(query, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _see_result(code: str, outcome: str, return_url: str) -> Answer:
    """Go on to the result page, so that reloading never repeats a payment."""
    where = f"{RESULT}?code={code}&outcome={outcome}"
    if return_url:
        where += f"&return_url={quote(return_url, safe='')}"
    return Answer(status=303, headers={"Location": where, "Cache-Control": "no-store"})


def _page(name: str, values: dict[str, str]) -> Answer:
    escaped = {key: escape(value, quote=True) for key, value in values.items()}
    frame = Template((_PAGES / "frame.html").read_text())
    content = Template((_PAGES / name).read_text()).substitute(escaped)
    return _answer(200, frame.substitute(content=content), "text/html; charset=utf-8")


def _answer(status: int, text: str, content_type: str) -> Answer:
    headers = {
        "Content-Type": content_type,
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Answer(status=status, headers=headers, body=text.encode())
