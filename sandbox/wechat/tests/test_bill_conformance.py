"""The oracle for bills: the third-party SDK, sync and async, asks for and takes every kind of file over real loopback
sockets, and the sockets break as they do for any other answer."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
import requests
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.async_ import AsyncWeChatPay
from wechatpayv3.async_ import WeChatPayType as AsyncType

from sandbox.wechat.client import SandboxClient, SandboxError
from sandbox.wechat.process import Settings
from sandbox.wechat.tests.loopback import running, text_of

SCENE = {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running(Settings(state_directory=tmp_path_factory.mktemp("wechat"), seed=3)) as content:
        yield content


@pytest.fixture
def sandbox(merchant: dict[str, str]) -> Iterator[SandboxClient]:
    with SandboxClient(merchant["control_url"]) as client:
        client.reset(3)
        client.set_rate("trade_bill", 0)
        client.set_rate("fund_bill", 0)
        yield client
        assert client.findings() == []


@pytest.fixture
def sdk(merchant: dict[str, str]) -> WeChatPay:
    return _sdk(merchant)


def _sdk(merchant: dict[str, str], *, partner_mode: bool = False) -> WeChatPay:
    client = WeChatPay(
        wechatpay_type=WeChatPayType.H5,
        mchid=merchant["mchid"],
        private_key=text_of(merchant, "merchant_private_key_path"),
        cert_serial_no=merchant["merchant_serial"],
        appid=merchant["appid"],
        apiv3_key=merchant["apiv3_key"],
        notify_url="http://127.0.0.1:9/notices",
        partner_mode=partner_mode,
        timeout=(5, 20),
        public_key=text_of(merchant, "wechatpay_public_key_path"),
        public_key_id=merchant["wechatpay_public_key_id"],
    )
    client._core._gate_way = merchant["base_url"]
    return client


def _async_sdk(merchant: dict[str, str]) -> AsyncWeChatPay:
    client = AsyncWeChatPay(
        wechatpay_type=AsyncType.H5,
        mchid=merchant["mchid"],
        private_key=text_of(merchant, "merchant_private_key_path"),
        cert_serial_no=merchant["merchant_serial"],
        appid=merchant["appid"],
        apiv3_key=merchant["apiv3_key"],
        notify_url="http://127.0.0.1:9/notices",
        public_key=text_of(merchant, "wechatpay_public_key_path"),
        public_key_id=merchant["wechatpay_public_key_id"],
    )
    client._core._gate_way = merchant["base_url"]
    return client


def _trade(sdk: WeChatPay, sandbox: SandboxClient, numbers: tuple[str, ...], sub_mchid: str | None = None) -> None:
    for number in numbers:
        wish = {"description": "保险费", "out_trade_no": number, "amount": {"total": 38000}, "scene_info": SCENE}
        assert sdk.pay(**wish, sub_mchid=sub_mchid)[0] == 200
        sandbox.pay(out_trade_no=number)


def _ten_next_morning(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make it ten o'clock tomorrow for both sides; the day that is then to be told of."""
    today = datetime.fromisoformat(sandbox.now()).date()
    sandbox.set_clock(f"{today + timedelta(days=1)}T10:00:00+08:00")
    _follow(sandbox, monkeypatch)
    return today.isoformat()


def _follow(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK sign by the sandbox's time."""
    shift_s, real_time = sandbox.shift_seconds(), time.time
    for name in ("wechatpayv3.utils", "wechatpayv3.async_.utils"):
        monkeypatch.setattr(f"{name}.time", SimpleNamespace(time=lambda: real_time() + shift_s))


def test_sync_sdk_takes_every_bill(
    merchant: dict[str, str], sandbox: SandboxClient, sdk: WeChatPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trade(sdk, sandbox, ("ORDER0001", "ORDER0002"))
    sandbox.refund_by_clerk("ORDER0002", 8000)
    early = sdk.trade_bill(datetime.fromisoformat(sandbox.now()).date().isoformat())
    assert (early[0], json.loads(early[1])["code"]) == (400, "STATEMENT_CREATING")
    day = _ten_next_morning(sandbox, monkeypatch)
    for bill_type in ("ALL", "SUCCESS", "REFUND"):
        for tar_type in ("GZIP", ""):
            status, text = sdk.trade_bill(day, bill_type=bill_type, tar_type=tar_type)
            assert status == 200
            _check_file(json.loads(text), sdk.download_bill(json.loads(text)["download_url"]), tar_type)
            assert _taken(sdk, text, tar_type) == sandbox.bill(day, bill_type=bill_type)
    status, text = sdk.fundflow_bill(day)
    assert status == 200
    assert _taken(sdk, text, "GZIP") == sandbox.fund_bill(day)
    status, text = sdk.fundflow_bill(day, account_type="OPERATION")
    assert (status, json.loads(text)["code"]) == (400, "NO_STATEMENT_EXIST")


def test_sync_sdk_as_a_partner_takes_its_sub_merchants_bill(
    merchant: dict[str, str], sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner, sub_mchid = _sdk(merchant, partner_mode=True), merchant["sub_mchid"]
    _trade(_sdk(merchant), sandbox, ("ORDER0001",))
    _trade(partner, sandbox, ("ORDER0002",), sub_mchid)
    day = _ten_next_morning(sandbox, monkeypatch)
    status, text = partner.trade_bill(day, sub_mchid=sub_mchid)
    assert status == 200
    told = _taken(partner, text, "GZIP")
    assert told == sandbox.bill(day, sub_mchid=sub_mchid)
    assert ("ORDER0002" in told, "ORDER0001" in told) == (True, False)


def test_sync_sdk_is_refused_what_it_may_not_take(
    sandbox: SandboxClient, sdk: WeChatPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trade(sdk, sandbox, ("ORDER0001",))
    day = _ten_next_morning(sandbox, monkeypatch)
    sandbox.add_fault("statement_foreign_token")
    status, text = sdk.download_bill(json.loads(sdk.trade_bill(day)[1])["download_url"])
    assert (status, json.loads(text)["code"]) == (403, "NO_AUTH")
    address = json.loads(sdk.trade_bill(day)[1])["download_url"]
    assert sdk.download_bill(address)[0] == 200
    sandbox.advance(290)
    _follow(sandbox, monkeypatch)
    assert sdk.download_bill(address)[0] == 200
    sandbox.advance(10)
    _follow(sandbox, monkeypatch)
    status, text = sdk.download_bill(address)
    assert (status, json.loads(text)["code"]) == (400, "INVALID_REQUEST")


async def test_async_sdk_takes_every_bill(
    merchant: dict[str, str], sandbox: SandboxClient, sdk: WeChatPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trade(sdk, sandbox, ("ORDER0001",))
    async with _async_sdk(merchant) as async_sdk:
        day = _ten_next_morning(sandbox, monkeypatch)
        status, text = await async_sdk.trade_bill(day)
        assert status == 200
        status, file = await async_sdk.download_bill(json.loads(text)["download_url"])
        assert status == 200
        assert gzip.decompress(file).decode() == sandbox.bill(day)
        status, text = await async_sdk.fundflow_bill(day)
        assert status == 200
        status, file = await async_sdk.download_bill(json.loads(text)["download_url"])
        assert gzip.decompress(file).decode() == sandbox.fund_bill(day)
        status, text = await async_sdk.trade_bill(day, bill_type="REFUND")
        assert (status, json.loads(text)["code"]) == (400, "NO_STATEMENT_EXIST")


def test_hundred_thousand_lines_go_over_a_socket(
    sandbox: SandboxClient, sdk: WeChatPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trade(sdk, sandbox, ("ORDER0001",))
    day = _ten_next_morning(sandbox, monkeypatch)
    sandbox.add_fault("statement_many_rows", count=100)
    status, text = sdk.trade_bill(day, tar_type="")
    assert status == 200
    file = sdk.download_bill(json.loads(text)["download_url"])[1]
    assert file.count(b"\n") == 100_004
    assert hashlib.sha1(file, usedforsecurity=False).hexdigest() == json.loads(text)["hash_value"]


def test_transport_breaks_a_file_as_any_answer(
    sandbox: SandboxClient, sdk: WeChatPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trade(sdk, sandbox, ("ORDER0001",))
    day = _ten_next_morning(sandbox, monkeypatch)
    address = json.loads(sdk.trade_bill(day, tar_type="")[1])["download_url"]
    true = sdk.download_bill(address)[1]
    for fault in ("reset_before_processing", "reset_after_processing", "reset_in_body", "truncated_body"):
        sandbox.add_fault(fault, endpoint="bill_file")
        with pytest.raises(requests.exceptions.RequestException):
            sdk.download_bill(address)
    sandbox.add_fault("slow_drip", endpoint="bill_file", seconds=0.2)
    assert sdk.download_bill(address)[1] == true
    sandbox.add_fault("wrong_content_length", endpoint="bill_file")
    assert sdk.download_bill(address)[1] == true[: len(true) // 2]
    sandbox.add_fault("html_502", endpoint="bill_file")
    assert sdk.download_bill(address)[0] == 502
    sandbox.add_fault("error_code", endpoint="trade_bill", code="SYSTEM_ERROR")
    assert sdk.trade_bill(day)[0] == 500


def test_client_says_what_is_wrong_with_a_wish(sandbox: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="value_wrong"):
        sandbox.bill("yesterday")
    assert sandbox.bill("2024-01-01") == sandbox.fund_bill("2024-01-01") == ""


def _taken(sdk: WeChatPay, announced: str, tar_type: str) -> str:
    """The text of an announced bill."""
    file = sdk.download_bill(json.loads(announced)["download_url"])[1]
    return (gzip.decompress(file) if tar_type else file).decode()


def _check_file(announced: dict[str, str], taken: tuple[int, bytes], tar_type: str) -> None:
    status, file = taken
    plain = gzip.decompress(file) if tar_type else file
    digest = hashlib.sha1(plain, usedforsecurity=False).hexdigest()
    assert (status, digest, announced["hash_type"]) == (200, announced["hash_value"], "SHA1")
