"""The connector over a real wire: what is sent, what each answer becomes, and that silence and doubt become
`unknown`.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from canbao.channels.interface import Capability, ChannelCode, Device, Mode, Outcome, PlaceOrder
from canbao.channels.wechat import transport
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.tests.far_end import APPID, MCHID, PUBLIC_KEY_ID, FarEnd, closed_port, raw_answer
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen

ORDER_NO = "360100P4M82ZT7K3QX"
NOW = datetime(2024, 11, 15, 2, 0, 0, tzinfo=UTC)
ORDER = PlaceOrder(
    order_no=ORDER_NO,
    amount_fen=Fen(136000),
    description="2025年度城乡居民医保 4人",
    expires_at=NOW + timedelta(minutes=30),
    payer_address="203.0.113.7",
    mode=Mode.H5,
    notify_url="https://pay.example.org/notices/wechat",
    return_url="https://pay.example.org/o/360100-ABC?x=1",
    device=Device.IOS,
)
PAID: dict[str, Any] = {
    "appid": APPID,
    "mchid": MCHID,
    "out_trade_no": ORDER_NO,
    "transaction_id": "4200002400202411150000000001",
    "trade_type": "MWEB",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "bank_type": "OTHERS",
    "success_time": "2024-11-15T10:00:41+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 136000, "payer_total": 135000, "currency": "CNY", "payer_currency": "CNY"},
    "something_new": {"nobody": ["described"]},
}


def test_connector_says_who_it_is(wechat: WeChatConnector) -> None:
    assert wechat.code is ChannelCode.WECHAT
    assert wechat.capabilities == frozenset(Capability)
    assert (wechat.account.merchant_ref, wechat.account.app_ref) == (MCHID, APPID)


def test_h5_order_is_placed_with_every_field_and_opened_with_the_way_back(
    wechat: WeChatConnector, far_end: FarEnd
) -> None:
    far_end.answers(200, {"h5_url": "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2"})
    placed = wechat.place(ORDER, now=NOW)
    assert placed.outcome is Outcome.CONFIRMED
    assert placed.opens == (
        "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2"
        "&redirect_url=https%3A%2F%2Fpay.example.org%2Fo%2F360100-ABC%3Fx%3D1"
    )
    assert placed.opens_until == NOW + timedelta(minutes=5)
    assert placed.foreign_code == ""
    [request] = far_end.received
    assert (request.method, request.target) == ("POST", "/v3/pay/transactions/h5")
    assert json.loads(request.body) == {
        "notify_url": "https://pay.example.org/notices/wechat",
        "description": "2025年度城乡居民医保 4人",
        "out_trade_no": ORDER_NO,
        "amount": {"total": 136000, "currency": "CNY"},
        "scene_info": {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "iOS"}},
        "time_expire": "2024-11-15T10:30:00+08:00",
        "appid": APPID,
        "mchid": MCHID,
    }
    assert request.headers["Wechatpay-Serial"] == PUBLIC_KEY_ID
    assert placed.evidence.status == 200
    assert "203.0.113.7" not in placed.evidence.request
    assert ORDER_NO in placed.evidence.request


def test_request_is_signed_over_its_own_bytes_at_the_instant_handed_in(
    wechat: WeChatConnector, far_end: FarEnd
) -> None:
    """The business date may be years from the machine's; the signature follows the clock that was handed in."""
    far_end.answers(200, {"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"})
    wechat.place(replace(ORDER, mode=Mode.NATIVE), now=NOW)
    [request] = far_end.received
    scheme, _, fields = request.headers["Authorization"].partition(" ")
    parts = dict(part.split("=", 1) for part in fields.split(","))
    named = {name: value.strip('"') for name, value in parts.items()}
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    assert named["mchid"] == MCHID
    assert named["timestamp"] == str(int(NOW.timestamp()))
    text = f"POST\n{request.target}\n{named['timestamp']}\n{named['nonce_str']}\n".encode() + request.body + b"\n"
    signature = base64.b64decode(named["signature"])
    far_end.keys.merchant.public_key().verify(signature, text, padding.PKCS1v15(), SHA256())


def test_native_order_is_opened_by_its_code(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, {"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"})
    placed = wechat.place(replace(ORDER, mode=Mode.NATIVE), now=NOW)
    assert (placed.outcome, placed.opens) == (Outcome.CONFIRMED, "weixin://wxpay/bizpayurl?pr=p4lpSuKzz")
    assert placed.opens_until == ORDER.expires_at
    assert far_end.received[0].target == "/v3/pay/transactions/native"
    assert json.loads(far_end.received[0].body)["scene_info"] == {"payer_client_ip": "203.0.113.7"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"h5_url": 5},
        {"h5_url": "javascript:alert(1)"},
        {"h5_url": "http://wx.tenpay.com/x"},
        {"h5_url": "https://wx.tenpay.com/a b"},
        {"h5_url": "https:///nobody"},
        {"code_url": "weixin://wxpay/bizpayurl?pr=1"},
        [],
        b"not json",
        b"",
    ],
)
def test_signed_answer_without_an_address_to_open_is_unknown(
    wechat: WeChatConnector, far_end: FarEnd, body: object
) -> None:
    far_end.answers(200, body)
    placed = wechat.place(ORDER, now=NOW)
    assert (placed.outcome, placed.opens, placed.opens_until) == (Outcome.UNKNOWN, None, None)


@pytest.mark.parametrize("state", ["SUCCESS", "REFUND"])
def test_paid_order_is_confirmed_with_the_order_total(wechat: WeChatConnector, far_end: FarEnd, state: str) -> None:
    far_end.answers(200, {**PAID, "trade_state": state})
    answer = wechat.ask(ORDER_NO, now=NOW)
    assert (answer.outcome, answer.foreign_code) == (Outcome.CONFIRMED, state)
    payment = answer.payment
    assert payment is not None
    assert (payment.order_no, payment.trade_ref) == (ORDER_NO, "4200002400202411150000000001")
    assert (payment.amount_fen, payment.currency) == (136000, "CNY")
    assert (payment.merchant_ref, payment.app_ref) == (MCHID, APPID)
    assert payment.happened_at == datetime(2024, 11, 15, 2, 0, 41, tzinfo=UTC)
    assert payment.payer_ref == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    assert far_end.received[0].target == f"/v3/pay/transactions/out-trade-no/{ORDER_NO}?mchid={MCHID}"


def test_payer_is_in_no_evidence_and_no_text_form(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, PAID)
    answer = wechat.ask(ORDER_NO, now=NOW)
    assert "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" not in repr(answer)
    assert '"openid":"oUp***"' in answer.evidence.answer


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("NOTPAY", Outcome.WAITING),
        ("CLOSED", Outcome.REFUSED),
        ("PAYERROR", Outcome.UNKNOWN),
        ("BRAND_NEW", Outcome.UNKNOWN),
    ],
)
def test_unpaid_order_has_its_outcome_and_no_payment(
    wechat: WeChatConnector, far_end: FarEnd, state: str, outcome: Outcome
) -> None:
    far_end.answers(200, {"out_trade_no": ORDER_NO, "mchid": MCHID, "appid": APPID, "trade_state": state})
    answer = wechat.ask(ORDER_NO, now=NOW)
    assert (answer.outcome, answer.payment, answer.foreign_code) == (outcome, None, state)


@pytest.mark.parametrize(
    "change",
    [
        {"out_trade_no": "360100P000000000ZZ"},
        {"transaction_id": None},
        {"transaction_id": ""},
        {"amount": None},
        {"amount": {"total": "136000", "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": -1, "currency": "CNY"}},
        {"amount": {"total": 1360.0, "currency": "CNY"}},
        {"amount": {"total": 10**18, "currency": "CNY"}},
        {"success_time": "2024-11-15T10:00:41"},
        {"success_time": "yesterday"},
        {"success_time": None},
        {"mchid": None},
        {"appid": 7},
        {"trade_state": None},
    ],
)
def test_half_an_answer_is_unknown(wechat: WeChatConnector, far_end: FarEnd, change: dict[str, object]) -> None:
    far_end.answers(200, {**PAID, **change})
    answer = wechat.ask(ORDER_NO, now=NOW)
    assert (answer.outcome, answer.payment) == (Outcome.UNKNOWN, None)


def test_foreign_merchant_is_handed_over_to_be_compared(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, {**PAID, "mchid": "1999999999", "amount": {"total": 1, "currency": "USD"}})
    answer = wechat.ask(ORDER_NO, now=NOW)
    assert answer.payment is not None
    assert (answer.payment.merchant_ref, answer.payment.amount_fen, answer.payment.currency) == ("1999999999", 1, "USD")


def test_order_never_known_is_refused(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})
    answer = wechat.ask(ORDER_NO, now=NOW)
    assert (answer.outcome, answer.foreign_code, answer.evidence.status) == (Outcome.REFUSED, "ORDER_NOT_EXIST", 404)


def test_close_is_confirmed_by_a_signed_empty_204_only(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(204, b"")
    assert wechat.close(ORDER_NO, now=NOW).outcome is Outcome.CONFIRMED
    assert far_end.received[0].target == f"/v3/pay/transactions/out-trade-no/{ORDER_NO}/close"
    assert json.loads(far_end.received[0].body) == {"mchid": MCHID}
    far_end.answers(204, b"", headers={})
    assert wechat.close(ORDER_NO, now=NOW).outcome is Outcome.UNKNOWN
    far_end.answers(200, {})
    assert wechat.close(ORDER_NO, now=NOW).outcome is Outcome.UNKNOWN
    far_end.answers(403, {"code": "TRADE_ERROR", "message": "订单已支付"})
    assert wechat.close(ORDER_NO, now=NOW).outcome is Outcome.REFUSED


def _unsigned(far_end: FarEnd) -> None:
    far_end.answers(200, PAID, headers={})


def _signed_by_another(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    far_end.answers(200, body, headers={**far_end.keys.signed(body, NOW), "Wechatpay-Nonce": "another"})


def _unknown_serial(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    far_end.answers(
        200, body, headers=far_end.keys.signed(body, NOW, serial="5157F09EFDC096DE15EBE81A47057A7232F1B8E1")
    )


def _stale(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    far_end.answers(200, body, headers=far_end.keys.signed(body, NOW - timedelta(seconds=301)))


def _from_the_future(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    far_end.answers(200, body, headers=far_end.keys.signed(body, NOW + timedelta(seconds=301)))


def _probe(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    headers = far_end.keys.signed(body, NOW)
    far_end.answers(200, body, headers={**headers, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + "A" * 300})


def _signed_twice(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    answer = raw_answer(200, body, far_end.keys.signed(body, NOW))
    doubled = answer.replace(b"Wechatpay-Nonce", b"Wechatpay-Serial: other\r\nWechatpay-Nonce", 1)
    far_end.script = lambda _request, write: write(doubled)


def _truncated(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    answer = raw_answer(200, body, far_end.keys.signed(body, NOW))
    far_end.script = lambda _request, write: write(answer[:-20])


def _redirected(far_end: FarEnd) -> None:
    far_end.answers(302, b"", headers={"Location": "/v3/elsewhere"})


def _too_long(far_end: FarEnd) -> None:
    body = json.dumps({**PAID, "filler": "x" * transport.ANSWER_BYTES_MAX}).encode()
    far_end.answers(200, body)


def _packed(far_end: FarEnd) -> None:
    body = json.dumps(PAID).encode()
    far_end.answers(200, body, headers={**far_end.keys.signed(body, NOW), "Content-Encoding": "gzip"})


def _page_of_a_proxy(far_end: FarEnd) -> None:
    far_end.answers(502, b"<html>Bad Gateway</html>")


def _not_utf8(far_end: FarEnd) -> None:
    far_end.answers(200, "支付成功".encode("gbk"))


def _throttled(far_end: FarEnd) -> None:
    far_end.answers(429, {"code": "FREQUENCY_LIMITED", "message": "频率超限"})


def _broken(far_end: FarEnd) -> None:
    far_end.answers(500, {"code": "SYSTEM_ERROR", "message": "系统错误"})


def _new_code(far_end: FarEnd) -> None:
    far_end.answers(400, {"code": "NEVER_SEEN_BEFORE", "message": "?"})


def _unknown_path(far_end: FarEnd) -> None:
    far_end.answers(404, b"")


def _hung_up(far_end: FarEnd) -> None:
    far_end.hangs_up()


def _not_http(far_end: FarEnd) -> None:
    far_end.script = lambda _request, write: write(b"\x00\x01\x02 what is this\r\n\r\n")


@pytest.mark.parametrize(
    "accident",
    [
        _unsigned,
        _signed_by_another,
        _unknown_serial,
        _stale,
        _from_the_future,
        _probe,
        _signed_twice,
        _truncated,
        _redirected,
        _too_long,
        _packed,
        _page_of_a_proxy,
        _not_utf8,
        _throttled,
        _broken,
        _new_code,
        _unknown_path,
        _hung_up,
        _not_http,
    ],
    ids=lambda accident: accident.__name__.strip("_"),
)
def test_answer_that_cannot_be_believed_is_unknown_on_every_call(
    wechat: WeChatConnector, far_end: FarEnd, accident: Callable[[FarEnd], None]
) -> None:
    accident(far_end)
    placed = wechat.place(ORDER, now=NOW)
    asked = wechat.ask(ORDER_NO, now=NOW)
    closed = wechat.close(ORDER_NO, now=NOW)
    assert (placed.outcome, placed.opens) == (Outcome.UNKNOWN, None)
    assert (asked.outcome, asked.payment) == (Outcome.UNKNOWN, None)
    assert closed.outcome is Outcome.UNKNOWN
    # One request per call: nothing was followed, repeated, or asked of the channel about a foreign key.
    assert [request.target.split("?")[0] for request in far_end.received] == [
        "/v3/pay/transactions/h5",
        f"/v3/pay/transactions/out-trade-no/{ORDER_NO}",
        f"/v3/pay/transactions/out-trade-no/{ORDER_NO}/close",
    ]
    assert "SIGNTEST" not in repr((placed, asked, closed))


def test_silence_is_unknown_within_the_time_limit(
    wechat: WeChatConnector, far_end: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "READ_TIMEOUT_S", 0.3)
    far_end.drips(b"", b"", 1.0, 1)
    started = time.monotonic()
    placed = wechat.place(ORDER, now=NOW)
    assert time.monotonic() - started < 0.9
    assert placed.outcome is Outcome.UNKNOWN
    assert placed.evidence.status is None
    assert placed.evidence.answer == "not believed (ReadTimeout)"


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["body", "headers", "chunks"],
)
def test_dripping_answer_is_unknown_when_the_call_has_had_its_time(
    wechat: WeChatConnector, far_end: FarEnd, monkeypatch: pytest.MonkeyPatch, first: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(transport, "CALL_TIMEOUT_S", 0.3)
    far_end.drips(first, drop, 0.05, 40)
    started = time.monotonic()
    assert wechat.ask(ORDER_NO, now=NOW).outcome is Outcome.UNKNOWN
    assert time.monotonic() - started < 1.5


def test_port_where_nobody_listens_is_unknown(far_end: FarEnd) -> None:
    wechat = WeChatConnector(far_end.keys.settings(f"http://127.0.0.1:{closed_port()}"))
    assert wechat.place(ORDER, now=NOW).outcome is Outcome.UNKNOWN
    assert wechat.ask(ORDER_NO, now=NOW).evidence.answer == "not believed (ConnectError)"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"order_no": "short"}, "order_no"),
        ({"order_no": "A" * 33}, "order_no"),
        ({"order_no": "360100|P000000"}, "order_no"),
        ({"order_no": "360100*P000000"}, "order_no"),
        ({"order_no": "360100P/../refund"}, "order_no"),
        ({"order_no": "３６０１００Ｐ"}, "order_no"),
        ({"amount_fen": 0}, "amount_fen"),
        ({"amount_fen": -5}, "amount_fen"),
        ({"description": ""}, "description"),
        ({"description": "长" * 128}, "description"),
        ({"description": "two\nlines"}, "description"),
        ({"expires_at": datetime(2024, 11, 15, 10, 30)}, "expires_at"),  # noqa: DTZ001 - the naive instant is the subject
        ({"payer_address": ""}, "payer_address"),
        ({"notify_url": "https://pay.example.org/n?a=b"}, "notify_url"),
        ({"notify_url": "http://pay.example.org/n"}, "notify_url"),
        ({"notify_url": "ftp://pay.example.org/n"}, "notify_url"),
        ({"return_url": "javascript:alert(1)"}, "return_url"),
    ],
)
def test_order_that_does_not_fit_is_refused_by_field_and_nothing_is_sent(
    wechat: WeChatConnector, far_end: FarEnd, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(CanbaoError) as refused:
        wechat.place(replace(ORDER, **change), now=NOW)
    assert refused.value.code == "channels.order_unacceptable"
    assert refused.value.params == {"field": named}
    assert far_end.received == []


@pytest.mark.parametrize("order_no", ["x", "360100P/../../certificates", "360100P?mchid=1", "360100P%2e%2e"])
def test_foreign_sign_in_a_number_never_reaches_an_address(
    wechat: WeChatConnector, far_end: FarEnd, order_no: str
) -> None:
    for call in (wechat.ask, wechat.close):
        with pytest.raises(CanbaoError, match="order_no"):
            call(order_no, now=NOW)
    assert far_end.received == []


def test_environment_cannot_divert_a_call(far_end: FarEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{closed_port()}")
    wechat = WeChatConnector(far_end.keys.settings(far_end.start()))
    far_end.answers(200, PAID)
    assert wechat.ask(ORDER_NO, now=NOW).outcome is Outcome.CONFIRMED
