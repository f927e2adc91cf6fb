"""Each field of an order is checked, and a bad one is refused by its JSON pointer while nothing changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.clock import rfc3339
from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.fields import Body, loopback_refusal
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import ORDERS, Merchant, code_of, content_of, whole_book

SCENE = {"payer_client_ip": "203.0.113.7"}


@pytest.mark.parametrize(
    "changes,field",
    [
        ({"description": None}, "/description"),
        ({"description": ""}, "/description"),
        ({"description": "费" * 128}, "/description"),
        ({"description": 5}, "/description"),
        ({"out_trade_no": "AB12"}, "/out_trade_no"),
        ({"out_trade_no": "A" * 33}, "/out_trade_no"),
        ({"out_trade_no": "ORDER 001"}, "/out_trade_no"),
        ({"time_expire": "2024-11-15 10:00:00"}, "/time_expire"),
        ({"time_expire": rfc3339(START + timedelta(seconds=59))}, "/time_expire"),
        ({"time_expire": rfc3339(START + timedelta(days=7, seconds=1))}, "/time_expire"),
        ({"attach": "a" * 129}, "/attach"),
        ({"goods_tag": "g" * 33}, "/goods_tag"),
        ({"notify_url": None}, "/notify_url"),
        ({"notify_url": "http://127.0.0.1/a?b=1"}, "/notify_url"),
        ({"notify_url": "https://example.com/notices"}, "/notify_url"),
        ({"notify_url": "http://10.0.0.1/notices"}, "/notify_url"),
        ({"notify_url": "ftp://127.0.0.1/notices"}, "/notify_url"),
        ({"amount": None}, "/amount"),
        ({"amount": 5}, "/amount"),
        ({"amount": {}}, "/amount/total"),
        ({"amount": {"total": 0}}, "/amount/total"),
        ({"amount": {"total": -1}}, "/amount/total"),
        ({"amount": {"total": 2**31}}, "/amount/total"),
        ({"amount": {"total": 1.5}}, "/amount/total"),
        ({"amount": {"total": True}}, "/amount/total"),
        ({"amount": {"total": "38000"}}, "/amount/total"),
        ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency"),
        ({"scene_info": None}, "/scene_info"),
        ({"scene_info": {"h5_info": {"type": "Wap"}}}, "/scene_info/payer_client_ip"),
        ({"scene_info": SCENE | {"payer_client_ip": "127.0.0.1"}}, "/scene_info/payer_client_ip"),
        ({"scene_info": SCENE | {"payer_client_ip": "here"}}, "/scene_info/payer_client_ip"),
        ({"scene_info": SCENE}, "/scene_info/h5_info"),
        ({"scene_info": SCENE | {"h5_info": {"type": "Desktop"}}}, "/scene_info/h5_info/type"),
        ({"support_fapiao": "yes"}, "/support_fapiao"),
        ({"detail": "text"}, "/detail"),
        ({"settle_info": {"profit_sharing": 1}}, "/settle_info/profit_sharing"),
    ],
)
def test_bad_field_is_named_and_nothing_changes(merchant: Merchant, changes: Body, field: str) -> None:
    before = whole_book(merchant.gateway)
    answer = merchant.place("ORDER0001", changes=changes)
    assert (answer.status, code_of(answer)) == (400, ErrorCode.PARAM_ERROR)
    detail = content_of(answer)["detail"]
    assert isinstance(detail, dict)
    assert detail["field"] == field
    assert set(detail) == {"field", "value", "issue", "location"}
    assert whole_book(merchant.gateway) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "费" * 127},
        {"out_trade_no": "A-_b01"},
        {"out_trade_no": "A" * 32},
        {"time_expire": rfc3339(START + timedelta(minutes=1))},
        {"time_expire": rfc3339(START + timedelta(days=7))},
        {"attach": "a" * 128},
        {"notify_url": "https://localhost:8443/notices"},
        {"notify_url": "http://[::1]:80/notices"},
        {"amount": {"total": 1}},
        {"amount": {"total": 2**31 - 1}},
        {"a_field_nobody_knows": {"x": 1}},
        {"detail": {"cost_price": 1}, "settle_info": {"profit_sharing": False}, "support_fapiao": True},
    ],
)
def test_sound_borders_are_taken(merchant: Merchant, changes: Body) -> None:
    assert merchant.place("ORDER0001", changes=changes).status == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff\xfe"])
def test_body_that_is_no_object_is_refused(merchant: Merchant, raw: bytes) -> None:
    answer = merchant.gateway.exchange(merchant.signed("POST", f"{ORDERS}/h5", raw, "nonce"))
    assert code_of(answer) is ErrorCode.PARAM_ERROR


@pytest.mark.parametrize(
    "changes,code",
    [
        ({"mchid": "1900000000"}, ErrorCode.MCH_NOT_EXISTS),
        ({"mchid": None}, ErrorCode.PARAM_ERROR),
        ({"appid": "wx0000000000000000"}, ErrorCode.APPID_MCHID_NOT_MATCH),
        ({"appid": None}, ErrorCode.PARAM_ERROR),
    ],
)
def test_foreign_merchant_or_app_is_refused(merchant: Merchant, changes: Body, code: ErrorCode) -> None:
    assert code_of(merchant.place("ORDER0001", changes=changes)) is code
    assert merchant.gateway.orders.recent(10) == []


def test_refusal_of_a_foreign_target_says_that_it_is_a_sandbox_rule() -> None:
    assert "沙箱规则" in loopback_refusal("https://example.com/notices")
    assert "沙箱规则" in loopback_refusal("http://127.0.0.1.example.com/")
    assert loopback_refusal("http://127.0.0.1:99999/") == "不是合法的 URL"
    assert loopback_refusal("http://127.8.9.1:80/notices") == ""


def test_jsapi_needs_a_payer_the_channel_knows(merchant: Merchant) -> None:
    assert code_of(merchant.place("ORDER0001", kind="jsapi")) is ErrorCode.PARAM_ERROR
    unknown: Body = {"payer": {"openid": "o-nobody"}}
    assert code_of(merchant.place("ORDER0001", changes=unknown, kind="jsapi")) is ErrorCode.PARAM_ERROR
    assert merchant.gateway.orders.recent(10) == []
    known = merchant.gateway.ledger.default_payer(START)
    answer = merchant.place("ORDER0001", changes={"payer": {"openid": known.openid}}, kind="jsapi")
    assert answer.status == 200
    assert str(content_of(answer)["prepay_id"]).startswith("wx20241115090000")
