"""Tripwires: the private names of the SDK that the adapter leans on, and the manners it must keep.

Red after an upgrade means: read the SDK's changes before shipping it.
"""

from __future__ import annotations

import inspect
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests
import wechatpayv3
import wechatpayv3.core
import wechatpayv3.utils
from wechatpayv3 import WeChatPay

from canbao.channels.interface import Outcome
from canbao.channels.wechat import adapter
from canbao.channels.wechat.adapter import WeChatAdapter
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.tests.far_end import MCHID, MERCHANT_SERIAL, FarEnd, Received, raw_answer

NOW = datetime(2024, 11, 15, 2, 0, 0, tzinfo=UTC)
ORDER_NO = "360100P4M82ZT7K3QX"


def test_installed_sdk_is_one_we_have_read() -> None:
    """Older 2.x versions mixed headers between requests at the same time."""
    major, minor, patch = (int(part) for part in wechatpayv3.__version__.split(".")[:3])
    assert (major, minor) == (2, 0)
    assert patch >= 4


def test_private_names_are_where_the_adapter_expects_them(wechat: WeChatConnector) -> None:
    core = wechat._adapter._sdk._core
    assert isinstance(wechat._adapter._sdk, WeChatPay)
    assert core._gate_way.startswith("http://127.0.0.1:")
    assert core._public_key is not None
    assert core._certificates == []
    assert core._logger is None
    assert (core._mchid, core._cert_serial_no) == (MCHID, MERCHANT_SERIAL)
    assert core._private_key.key_size == 2048
    assert list(inspect.signature(type(core)._verify_signature).parameters) == ["self", "headers", "body"]
    assert list(inspect.signature(type(core)._update_certificates).parameters) == ["self"]
    assert core._update_certificates is adapter._no_call_out


def test_sdk_sends_through_the_names_that_are_replaced() -> None:
    source = inspect.getsource(wechatpayv3.core.Core.request)
    assert "requests.get(url=self._gate_way + path, headers=headers" in source
    assert "requests.post(url=self._gate_way + path, json=None if files else data" in source
    assert "self._verify_signature(response.headers, response.text)" in source
    assert "time.time()" in inspect.getsource(wechatpayv3.utils.build_authorization)
    assert list(inspect.signature(wechatpayv3.utils.build_authorization).parameters)[:5] == [
        "path",
        "method",
        "mchid",
        "serial_no",
        "private_key",
    ]
    assert list(inspect.signature(wechatpayv3.utils.aes_decrypt).parameters) == [
        "nonce",
        "ciphertext",
        "associated_data",
        "apiv3_key",
    ]


def test_real_address_is_what_the_sdk_would_use_without_us(far_end: FarEnd) -> None:
    settings = far_end.keys.settings(far_end.start())
    sdk = WeChatPay(
        wechatpay_type=wechatpayv3.WeChatPayType.H5,
        mchid=settings.mchid,
        private_key=settings.merchant_private_key,
        cert_serial_no=settings.merchant_serial,
        appid=settings.appid,
        apiv3_key=settings.apiv3_key,
        public_key=settings.wechatpay_public_key,
        public_key_id=settings.wechatpay_public_key_id,
    )
    assert sdk._core._gate_way == "https://api.mch.weixin.qq.com"
    assert far_end.received == []


def test_clock_and_transport_are_ours_only_during_our_calls(wechat: WeChatConnector, far_end: FarEnd) -> None:
    during: list[float] = []

    def script(request: Received, write: object) -> None:
        stamp = request.headers["Authorization"].split('timestamp="')[1].split('"')[0]
        during.append(float(stamp))

    far_end.script = script
    wechat.ask(ORDER_NO, now=NOW)
    assert during == [NOW.timestamp()]
    assert abs(wechatpayv3.utils.time.time() - time.time()) < 5
    assert wechatpayv3.core.requests.Session is requests.Session


def test_equipping_twice_does_not_nest(wechat: WeChatConnector) -> None:
    adapter._equip_sdk()
    adapter._equip_sdk()
    assert wechatpayv3.core.requests.original is requests
    assert wechatpayv3.utils.time.original is time


def test_calls_at_the_same_time_keep_their_own_clock_and_answer(far_end: FarEnd) -> None:
    """Each thread asks at its own instant about its own order and must get its own answer, freshly signed for that
    instant.
    """
    wechat = WeChatConnector(far_end.keys.settings(far_end.start()))
    gate = threading.Barrier(8)

    def script(request: Received, write: object) -> None:
        assert callable(write)
        order_no = request.target.split("/")[-1].split("?")[0]
        at = datetime.fromtimestamp(int(request.headers["Authorization"].split('timestamp="')[1].split('"')[0]), UTC)
        body = json.dumps({"out_trade_no": order_no, "trade_state": "NOTPAY"}).encode()
        write(raw_answer(200, body, far_end.keys.signed(body, at)))

    far_end.script = script

    def ask(number: int) -> tuple[Outcome, str]:
        gate.wait(10)
        order_no = f"360100P{number:011d}"
        answer = wechat.ask(order_no, now=NOW + timedelta(days=number))
        return answer.outcome, answer.evidence.answer.split('"')[3]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert answers == [(Outcome.WAITING, f"360100P{number:011d}") for number in range(8)]


def test_bug_in_the_sdk_is_silence_not_an_exception(wechat: WeChatConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise KeyError("secret value")

    monkeypatch.setattr(wechat._adapter._sdk, "query", broken)
    answer = wechat.ask(ORDER_NO, now=NOW)
    assert (answer.outcome, answer.evidence.answer) == (Outcome.UNKNOWN, "not believed (KeyError)")


def test_no_key_shows_in_any_text_form(far_end: FarEnd) -> None:
    settings = far_end.keys.settings(far_end.start())
    shown = repr(settings) + repr(WeChatAdapter(settings).__dict__)
    assert settings.apiv3_key not in repr(settings)
    assert "PRIVATE KEY" not in shown
