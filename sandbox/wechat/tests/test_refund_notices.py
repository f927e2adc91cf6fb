"""Notices of refunds: how an end is told, in the new form and the old, and what faults make of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from sandbox.wechat.faults import Endpoint, Fault, Rule
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import TransportFailure
from sandbox.wechat.notices import OutgoingNotice
from sandbox.wechat.tests.merchant import (
    NOTIFY_URL,
    REFUND_S,
    REFUND_URL,
    REFUNDS,
    Merchant,
    content_of,
)
from sandbox.wechat.tests.shown import put

DAY_S = 86400


@pytest.mark.parametrize(
    "fault,event,summary",
    [
        (None, "REFUND.SUCCESS", "退款成功"),
        (Fault.REFUND_ABNORMAL, "REFUND.ABNORMAL", "退款异常"),
        (Fault.REFUND_CLOSED, "REFUND.CLOSED", "退款关闭"),
    ],
)
def test_notice_tells_how_it_ended(merchant: Merchant, fault: Fault | None, event: str, summary: str) -> None:
    order = merchant.paid("ORDER0001")
    if fault is not None:
        put(merchant, fault)
    accepted = content_of(merchant.refund(order, "REFUND0001", 8000))
    merchant.pass_time(REFUND_S)
    (message,) = merchant.hear(200)
    assert message.url == REFUND_URL
    assert merchant.believes(message.headers, message.body)
    envelope = json.loads(message.body)
    assert (envelope["event_type"], envelope["summary"]) == (event, summary)
    assert (envelope["resource"]["original_type"], envelope["resource"]["associated_data"]) == ("refund", "refund")
    told = merchant.opened(message.body)
    now = content_of(merchant.ask_refund("REFUND0001"))
    expected: Body = {
        "mchid": merchant.gateway.keys.mchid,
        "out_trade_no": "ORDER0001",
        "transaction_id": order.transaction_id,
        "out_refund_no": "REFUND0001",
        "refund_id": accepted["refund_id"],
        "refund_status": event.removeprefix("REFUND."),
        "user_received_account": "支付用户零钱",
        "amount": {"total": 38000, "refund": 8000, "payer_total": 38000, "payer_refund": 8000},
    }
    if "success_time" in now:
        expected["success_time"] = now["success_time"]
    assert told == expected


def test_notice_of_a_refund_climbs_the_same_ladder(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    merchant.pass_time(REFUND_S)
    sent_count = 0
    for _ in range(20):
        sent_count += len(merchant.hear(500))
        merchant.pass_time(DAY_S / 4)
    assert sent_count == 16
    (notice,) = [one for one in merchant.gateway.notices.listed("ORDER0001") if one["out_refund_no"]]
    assert notice["state"] == "exhausted"


def test_refund_without_an_address_is_told_in_the_old_xml(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    accepted = content_of(merchant.refund(order, "REFUND0001", 8000, {"notify_url": None}))
    merchant.pass_time(REFUND_S)
    (message,) = merchant.hear(200)
    assert (message.url, message.headers["Content-Type"]) == (NOTIFY_URL, "text/xml")
    assert not any(name.startswith("Wechatpay") for name in message.headers)
    outside = _fields(message.body)
    keys = merchant.gateway.keys
    assert (outside["return_code"], outside["appid"], outside["mch_id"]) == ("SUCCESS", keys.appid, keys.mchid)
    key = hashlib.md5(keys.api_v2_key().encode(), usedforsecurity=False).hexdigest().encode()
    opener = Cipher(AES(key), ECB()).decryptor()
    inside = _fields(opener.update(base64.b64decode(outside["req_info"])) + opener.finalize())
    assert inside["out_refund_no"] == "REFUND0001"
    assert (inside["refund_id"], inside["refund_fee"], inside["total_fee"]) == (accepted["refund_id"], "8000", "38000")
    assert inside["refund_status"] == "SUCCESS"
    told = content_of(merchant.ask_refund("REFUND0001"))
    assert inside["success_time"] == str(told["success_time"])[:19].replace("T", " ")


def test_old_xml_of_a_refund_comes_on_demand_too(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    put(merchant, Rule(fault=Fault.NOTICE_XML, endpoint=Endpoint.REFUND_NOTICE))
    merchant.pass_time(REFUND_S)
    (message,) = merchant.hear(200)
    assert (message.url, message.headers["Content-Type"]) == (REFUND_URL, "text/xml")
    assert "req_info" in _fields(message.body)


@pytest.mark.parametrize(
    "fault,name,value",
    [
        (
            Fault.NOTICE_WRONG_AMOUNT,
            "amount",
            {"total": 38000, "refund": 8001, "payer_total": 38000, "payer_refund": 8001},
        ),
        (Fault.NOTICE_WRONG_MERCHANT, "mchid", "1900000001"),
        (Fault.NOTICE_WRONG_ORDER, "out_trade_no", None),
        (Fault.NOTICE_WRONG_REFUND, "out_refund_no", None),
        (Fault.NOTICE_WRONG_STATE, "refund_status", "PROCESSING"),
    ],
)
def test_notice_of_a_refund_is_wrong_in_one_fact(merchant: Merchant, fault: Fault, name: str, value: object) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    put(merchant, Rule(fault=fault, endpoint=Endpoint.REFUND_NOTICE))
    merchant.pass_time(REFUND_S)
    (wrong,) = merchant.hear(500)
    assert merchant.believes(wrong.headers, wrong.body)
    merchant.pass_time(15)
    (true,) = merchant.hear(200)
    assert merchant.believes(true.headers, true.body)
    told, facts = merchant.opened(wrong.body), merchant.opened(true.body)
    assert told is not None
    assert facts is not None
    assert {key for key in facts if told[key] != facts[key]} == {name}
    assert value is None or told[name] == value


def test_rule_on_refund_notices_leaves_payments_alone(merchant: Merchant) -> None:
    put(merchant, Rule(fault=Fault.NOTICE_FORGED, endpoint=Endpoint.REFUND_NOTICE, times=0))
    merchant.placed("ORDER0001")
    order = merchant.pay("ORDER0001")
    (paid,) = merchant.hear(200)
    assert merchant.believes(paid.headers, paid.body)
    merchant.refund(order, "REFUND0001", 8000)
    merchant.pass_time(REFUND_S)
    (refunded,) = merchant.hear(200)
    assert not merchant.believes(refunded.headers, refunded.body)


def test_refund_is_told_of_before_its_asker_hears_an_answer(merchant: Merchant) -> None:
    gateway, heard = merchant.gateway, list[OutgoingNotice]()
    order = merchant.paid("ORDER0001")
    gateway.before_answer = lambda: heard.extend(merchant.hear(200))
    put(merchant, Rule(fault=Fault.BEFORE_CREATE_ANSWER, endpoint=Endpoint.REFUND))
    request = merchant.request("POST", REFUNDS, merchant.refund_body(order, "REFUND0001", 8000))
    status, headers, body = gateway.handle("POST", REFUNDS, "", request.headers, request.body)
    assert [json.loads(one.body)["event_type"] for one in heard] == ["REFUND.SUCCESS"]
    assert (status, json.loads(body)["status"]) == (200, "PROCESSING")
    assert merchant.believes(headers, body)
    assert merchant.status_of("REFUND0001") == "SUCCESS"


def test_refund_goes_through_while_its_asker_hears_nothing(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    put(merchant, Rule(fault=Fault.BEFORE_CREATE_ANSWER, endpoint=Endpoint.REFUND))
    put(merchant, Rule(fault=Fault.PROCESS_THEN_HANG, endpoint=Endpoint.REFUND))
    request = merchant.request("POST", REFUNDS, merchant.refund_body(order, "REFUND0001", 8000))
    with pytest.raises(TransportFailure) as caught:
        merchant.gateway.handle("POST", REFUNDS, "", request.headers, request.body)
    assert caught.value.is_processed
    assert len(merchant.hear(200)) == 1
    assert content_of(merchant.refund(order, "REFUND0001", 8000))["status"] == "SUCCESS"
    assert len(merchant.gateway.refunds.recent(9)) == 1


def _fields(xml: bytes) -> dict[str, str]:
    return dict(re.findall(r"<(\w+)>([^<]*)</\1>", xml.decode()))
