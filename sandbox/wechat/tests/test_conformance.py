"""The oracle: the maintained third-party SDK, sync and async, drives every endpoint over real loopback sockets.

It signs, verifies and decrypts by code that neither Canbao nor the sandbox wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.async_ import AsyncWeChatPay
from wechatpayv3.async_ import WeChatPayType as AsyncType

from sandbox.wechat.client import SandboxClient
from sandbox.wechat.process import Settings
from sandbox.wechat.tests.loopback import Receiver, running, text_of

SCENE = {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running(Settings(state_directory=tmp_path_factory.mktemp("wechat"), seed=3)) as content:
        yield content


@pytest.fixture
def sandbox(merchant: dict[str, str]) -> Iterator[SandboxClient]:
    with SandboxClient(merchant["control_url"]) as client:
        client.reset(3)
        client.set_mode("public_key")
        yield client
        assert client.findings() == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def _sdk(merchant: dict[str, str], *, partner_mode: bool = False, timeout: tuple[int, int] = (5, 5)) -> WeChatPay:
    client = WeChatPay(
        wechatpay_type=WeChatPayType.H5,
        mchid=merchant["mchid"],
        private_key=text_of(merchant, "merchant_private_key_path"),
        cert_serial_no=merchant["merchant_serial"],
        appid=merchant["appid"],
        apiv3_key=merchant["apiv3_key"],
        notify_url="http://127.0.0.1:9/notices",
        partner_mode=partner_mode,
        timeout=timeout,
        public_key=text_of(merchant, "wechatpay_public_key_path"),
        public_key_id=merchant["wechatpay_public_key_id"],
    )
    client._core._gate_way = merchant["base_url"]
    return client


def _async_sdk(merchant: dict[str, str], notify_url: str) -> AsyncWeChatPay:
    sdk = AsyncWeChatPay(
        wechatpay_type=AsyncType.H5,
        mchid=merchant["mchid"],
        private_key=text_of(merchant, "merchant_private_key_path"),
        cert_serial_no=merchant["merchant_serial"],
        appid=merchant["appid"],
        apiv3_key=merchant["apiv3_key"],
        notify_url=notify_url,
        public_key=text_of(merchant, "wechatpay_public_key_path"),
        public_key_id=merchant["wechatpay_public_key_id"],
    )
    sdk._core._gate_way = merchant["base_url"]
    return sdk


def test_sync_sdk_places_by_every_way(merchant: dict[str, str], sandbox: SandboxClient) -> None:
    sdk = _sdk(merchant)
    openid = str(sandbox.create_payer(name="付款人", balance_fen=10**6)["openid"])
    ways = {
        WeChatPayType.H5: ("h5_url", None),
        WeChatPayType.NATIVE: ("code_url", None),
        WeChatPayType.JSAPI: ("prepay_id", {"openid": openid}),
        WeChatPayType.APP: ("prepay_id", None),
    }
    for place, (way, (name, payer)) in enumerate(ways.items()):
        status, text = sdk.pay(
            description="城乡居民基本医疗保险费",
            out_trade_no=f"ORDER{place:04d}",
            amount={"total": 38000, "currency": "CNY"},
            scene_info=SCENE,
            payer=payer,
            pay_type=way,
        )
        assert (status, list(json.loads(text))) == (200, [name])


def test_sync_sdk_asks_and_closes(merchant: dict[str, str], sandbox: SandboxClient) -> None:
    sdk = _sdk(merchant)
    assert sdk.query(out_trade_no="ORDER0009")[0] == 404
    for number in ("ORDER0001", "ORDER0002"):
        assert sdk.pay(description="保险费", out_trade_no=number, amount={"total": 1}, scene_info=SCENE)[0] == 200
    assert sdk.close(out_trade_no="ORDER0001") == (204, b"")
    assert json.loads(sdk.query(out_trade_no="ORDER0001")[1])["trade_state"] == "CLOSED"
    paid = sandbox.pay(out_trade_no="ORDER0002")
    status, text = sdk.query(transaction_id=paid["transaction_id"])
    assert (status, json.loads(text)["trade_state"]) == (200, "SUCCESS")
    status, text = sdk.close(out_trade_no="ORDER0002")
    assert (status, json.loads(text)["code"]) == (403, "TRADE_ERROR")


def test_sync_sdk_as_a_partner(merchant: dict[str, str], sandbox: SandboxClient) -> None:
    sdk = _sdk(merchant, partner_mode=True)
    sub_mchid = merchant["sub_mchid"]
    for way in (WeChatPayType.H5, WeChatPayType.NATIVE, WeChatPayType.APP):
        status, _ = sdk.pay(
            description="保险费",
            out_trade_no=f"ORDER_{way.name}",
            amount={"total": 100},
            scene_info=SCENE,
            sub_mchid=sub_mchid,
            pay_type=way,
        )
        assert status == 200
    paid = sandbox.pay(out_trade_no="ORDER_H5")
    for name, value in (("out_trade_no", "ORDER_H5"), ("transaction_id", paid["transaction_id"])):
        status, text = sdk.query(sub_mchid=sub_mchid, **{name: value})
        assert (status, json.loads(text)["sub_mchid"]) == (200, sub_mchid)
    assert sdk.close(out_trade_no="ORDER_APP", sub_mchid=sub_mchid)[0] == 204


def test_sdk_opens_the_notice(merchant: dict[str, str], sandbox: SandboxClient, receiver: Receiver) -> None:
    sdk = _sdk(merchant)
    sdk.pay(
        description="保险费", out_trade_no="ORDER0001", amount={"total": 5}, scene_info=SCENE, notify_url=receiver.url
    )
    sandbox.pay(out_trade_no="ORDER0001")
    ((headers, body),) = receiver.wait_for(1)
    opened = sdk.callback(headers, body)
    assert opened["event_type"] == "TRANSACTION.SUCCESS"
    assert opened["resource"] == json.loads(sdk.query(out_trade_no="ORDER0001")[1])


def test_sdk_refuses_what_the_faults_spoil(merchant: dict[str, str], sandbox: SandboxClient) -> None:
    sdk = _sdk(merchant)
    for fault in ("bad_signature", "probe_signature", "signed_other_bytes"):
        sandbox.add_fault(fault, endpoint="order")
        with pytest.raises(Exception, match="failed to verify the signature"):
            sdk.pay(description="保险费", out_trade_no="ORDER0001", amount={"total": 1}, scene_info=SCENE)


def test_sdk_signs_a_bar_after_encoding_and_is_refused(merchant: dict[str, str], sandbox: SandboxClient) -> None:
    status, text = _sdk(merchant).query(out_trade_no="ORDER|0001")
    assert (status, json.loads(text)["code"]) == (401, "SIGN_ERROR")


def test_sdk_in_certificate_mode(merchant: dict[str, str], sandbox: SandboxClient, tmp_path: Path) -> None:
    sandbox.set_mode("certificate")
    (serial,) = list(sandbox.get("/merchant")["certificates"])  # type: ignore[call-overload]  # a list in JSON
    state = Path(merchant["merchant_private_key_path"]).parent
    (tmp_path / f"{serial}.pem").write_bytes((state / f"wechatpay_{serial}.pem").read_bytes())
    sdk = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=merchant["mchid"],
        private_key=text_of(merchant, "merchant_private_key_path"),
        cert_serial_no=merchant["merchant_serial"],
        appid=merchant["appid"],
        apiv3_key=merchant["apiv3_key"],
        notify_url="http://127.0.0.1:9/notices",
        cert_dir=str(tmp_path),
    )
    sdk._core._gate_way = merchant["base_url"]
    assert sdk.pay(description="保险费", out_trade_no="ORDER0001", amount={"total": 1})[0] == 200
    # The SDK fetches, decrypts and keeps the list by itself when a serial is new to it.
    sandbox.rotate_keys()
    sdk._core._update_certificates()
    assert len(sdk._core._certificates) == 2
    assert sdk.query(out_trade_no="ORDER0001")[0] == 200
    sandbox.set_mode("public_key")
    status, text = _sdk(merchant)._core.request("/v3/certificates")
    assert (status, json.loads(text)["code"]) == (404, "RESOURCE_NOT_EXISTS")


def test_sync_sdk_refunds_and_asks(merchant: dict[str, str], sandbox: SandboxClient, receiver: Receiver) -> None:
    sdk = _sdk(merchant)
    assert sdk.query_refund("REFUND0001")[0] == 404
    sdk.pay(description="保险费", out_trade_no="ORDER0001", amount={"total": 38000}, scene_info=SCENE)
    paid = sandbox.pay(out_trade_no="ORDER0001")
    wish = {"refund": 8000, "total": 38000, "currency": "CNY"}
    for _ in range(2):
        status, text = sdk.refund(
            "REFUND0001", wish, transaction_id=paid["transaction_id"], reason="重复缴费", notify_url=receiver.url
        )
        assert (status, json.loads(text)["status"]) == (200, "PROCESSING")
    assert json.loads(sdk.refund("REFUND0001", wish | {"refund": 1}, out_trade_no="ORDER0001")[1])["code"] == (
        "INVALID_REQUEST"
    )
    assert sandbox.finish_refund("REFUND0001")["state"] == "SUCCESS"
    ((headers, body),) = receiver.wait_for(1)
    opened = sdk.callback(headers, body)
    assert (opened["event_type"], opened["resource"]["refund_status"]) == ("REFUND.SUCCESS", "SUCCESS")
    status, text = sdk.query_refund("REFUND0001")
    told = json.loads(text)
    assert (status, told["status"], told["amount"]["refund"]) == (200, "SUCCESS", 8000)
    assert told["refund_id"] == opened["resource"]["refund_id"] == sandbox.refund("REFUND0001")["refund_id"]
    assert json.loads(sdk.query(out_trade_no="ORDER0001")[1])["trade_state"] == "REFUND"


def test_sync_sdk_sends_an_abnormal_refund_another_way(merchant: dict[str, str], sandbox: SandboxClient) -> None:
    for partner_mode in (False, True):
        sdk, sub_mchid = _sdk(merchant, partner_mode=partner_mode), merchant["sub_mchid"] if partner_mode else None
        number = f"ORDER000{partner_mode:d}"
        sdk.pay(description="保险费", out_trade_no=number, amount={"total": 500}, scene_info=SCENE, sub_mchid=sub_mchid)
        sandbox.pay(out_trade_no=number)
        amount = {"refund": 500, "total": 500, "currency": "CNY"}
        assert sdk.refund(number, amount, out_trade_no=number, sub_mchid=sub_mchid)[0] == 200
        refund_id = sandbox.finish_refund(number, state="ABNORMAL")["refund_id"]
        assert json.loads(sdk.query_refund(number, sub_mchid=sub_mchid)[1])["status"] == "ABNORMAL"
        status, text = sdk.abnormal_refund(
            refund_id,
            number,
            "USER_BANK_CARD",
            bank_type="ICBC_DEBIT",
            bank_account="6222020200112233445",
            real_name="张三",
            sub_mchid=sub_mchid,
        )
        told = json.loads(text)
        assert (status, told["status"], told["user_received_account"]) == (200, "PROCESSING", "ICBC_DEBIT3445")
        sandbox.finish_refund(number)
        assert json.loads(sdk.query_refund(number, sub_mchid=sub_mchid)[1])["status"] == "SUCCESS"


async def test_async_sdk_drives_every_refund_endpoint(
    merchant: dict[str, str], sandbox: SandboxClient, receiver: Receiver
) -> None:
    async with _async_sdk(merchant, receiver.url) as sdk:
        await sdk.pay(description="保险费", out_trade_no="ORDER0001", amount={"total": 7}, scene_info=SCENE)
        sandbox.pay(out_trade_no="ORDER0001")
        receiver.wait_for(1)
        amount = {"refund": 7, "total": 7, "currency": "CNY"}
        status, text = await sdk.refund("REFUND0001", amount, out_trade_no="ORDER0001")
        assert (status, json.loads(text)["status"]) == (200, "PROCESSING")
        sandbox.finish_refund("REFUND0001", state="ABNORMAL")
        headers, body = receiver.wait_for(2)[1]
        assert sdk.callback(headers, body)["event_type"] == "REFUND.ABNORMAL"
        refund_id = json.loads(text)["refund_id"]
        assert (await sdk.abnormal_refund(refund_id, "REFUND0001", "MERCHANT_BANK_CARD"))[0] == 200
        sandbox.finish_refund("REFUND0001")
        status, text = await sdk.query_refund("REFUND0001")
        assert (status, json.loads(text)["status"]) == (200, "SUCCESS")
        headers, body = receiver.wait_for(3)[2]
        assert sdk.callback(headers, body)["event_type"] == "REFUND.SUCCESS"


async def test_async_sdk_drives_every_endpoint(
    merchant: dict[str, str], sandbox: SandboxClient, receiver: Receiver
) -> None:
    async with _async_sdk(merchant, receiver.url) as sdk:
        for place, way in enumerate((AsyncType.H5, AsyncType.NATIVE, AsyncType.APP)):
            status, _ = await sdk.pay(
                description="保险费",
                out_trade_no=f"ORDER{place:04d}",
                amount={"total": 7},
                scene_info=SCENE,
                pay_type=way,
            )
            assert status == 200
        paid = sandbox.pay(out_trade_no="ORDER0000")
        status, text = await sdk.query(transaction_id=paid["transaction_id"])
        assert (status, json.loads(text)["out_trade_no"]) == (200, "ORDER0000")
        ((headers, body),) = receiver.wait_for(1)
        assert sdk.callback(headers, body)["resource"] == json.loads(text)
        assert (await sdk.close(out_trade_no="ORDER0001"))[0] == 204
        status, text = await sdk.query(out_trade_no="ORDER0001")
        assert (status, json.loads(text)["trade_state"]) == (200, "CLOSED")
        assert (await sdk.query(out_trade_no="ORDER0009"))[0] == 404
