"""Every request is verified for real, and a refusal is unsigned and changes nothing."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from sandbox.exchange import Request
from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.tests.merchant import ORDERS, Merchant, code_of, content_of, whole_book
from sandbox.wechat.wire import parse_authorization


def _changed(request: Request, old: str, new: str) -> Request:
    header = request.headers["authorization"]
    assert old in header
    return dataclasses.replace(request, headers=request.headers | {"authorization": header.replace(old, new)})


def test_signed_success_names_the_key_and_verifies(merchant: Merchant) -> None:
    answer = merchant.place("ORDER0001")
    assert answer.status == 200
    assert merchant.believes(answer.headers, answer.body)
    assert answer.headers["Request-ID"].startswith("08")


def test_close_answers_204_signed_over_an_empty_body(merchant: Merchant) -> None:
    merchant.place("ORDER0001")
    answer = merchant.close("ORDER0001")
    assert (answer.status, answer.body) == (204, b"")
    assert merchant.believes(answer.headers, b"")


@pytest.mark.parametrize("away_s", [-301, 301])
def test_request_more_than_300_seconds_off_is_refused(merchant: Merchant, away_s: int) -> None:
    request = merchant.signed("GET", f"{ORDERS}/id/42?mchid=1", b"", "nonce", timedelta(seconds=away_s))
    answer = merchant.gateway.exchange(request)
    assert (answer.status, code_of(answer)) == (401, ErrorCode.SIGN_ERROR)
    assert "Wechatpay-Signature" not in answer.headers


@pytest.mark.parametrize("away_s", [-300, 300])
def test_request_exactly_300_seconds_off_is_taken(merchant: Merchant, away_s: int) -> None:
    mchid = merchant.gateway.keys.mchid
    request = merchant.signed("GET", f"{ORDERS}/id/42?mchid={mchid}", b"", "nonce", timedelta(seconds=away_s))
    assert code_of(merchant.gateway.exchange(request)) is ErrorCode.ORDER_NOT_EXIST


def test_same_nonce_is_refused_the_second_time(merchant: Merchant) -> None:
    request = merchant.request("POST", f"{ORDERS}/h5", merchant.body("ORDER0001"))
    assert merchant.gateway.exchange(request).status == 200
    before = whole_book(merchant.gateway)
    again = merchant.gateway.exchange(request)
    assert (again.status, code_of(again)) == (401, ErrorCode.SIGN_ERROR)
    assert whole_book(merchant.gateway) == before


def test_signature_over_another_body_path_or_method_is_refused(merchant: Merchant, gateway: WeChatGateway) -> None:
    request = merchant.request("POST", f"{ORDERS}/h5", merchant.body("ORDER0001"))
    others = [
        dataclasses.replace(request, body=request.body + b" "),
        dataclasses.replace(request, target=f"{ORDERS}/native"),
        dataclasses.replace(request, target=f"{ORDERS}/h5?a=1"),
        dataclasses.replace(request, method="GET", target=f"{ORDERS}/out-trade-no/ORDER0001"),
    ]
    for other in others:
        answer = gateway.exchange(other)
        assert code_of(answer) is ErrorCode.SIGN_ERROR
    assert gateway.orders.recent(10) == []


def test_query_order_matters_to_the_signature(merchant: Merchant) -> None:
    request = merchant.request("GET", f"{ORDERS}/out-trade-no/ORDER0001?mchid=1&a=2")
    other = dataclasses.replace(request, target=f"{ORDERS}/out-trade-no/ORDER0001?a=2&mchid=1")
    assert code_of(merchant.gateway.exchange(other)) is ErrorCode.SIGN_ERROR


def test_wrong_parts_of_the_authorization_are_refused(merchant: Merchant, gateway: WeChatGateway) -> None:
    keys = gateway.keys
    request = merchant.request("POST", f"{ORDERS}/h5", merchant.body("ORDER0001"))
    wrong = [
        _changed(request, "WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3"),
        _changed(request, keys.merchant_serial, "5A" + "0" * 38),
        _changed(request, f'mchid="{keys.mchid}"', 'mchid="1900000000"'),
        _changed(request, 'timestamp="', 'timestamp="x'),
        _changed(request, 'signature="', 'signature="!'),
        _changed(request, 'nonce_str="', 'other="'),
        dataclasses.replace(request, headers={k: v for k, v in request.headers.items() if k != "authorization"}),
    ]
    for other in wrong:
        answer = gateway.exchange(other)
        assert (answer.status, code_of(answer)) == (401, ErrorCode.SIGN_ERROR)
        detail = content_of(answer)["detail"]
        assert isinstance(detail, dict)
        assert detail["location"] == "authorization"
    assert gateway.orders.recent(10) == []


def test_key_of_a_stranger_is_refused(merchant: Merchant, gateway: WeChatGateway) -> None:
    ours = gateway.keys.merchant_private_key
    stranger = generate_private_key(65537, 2048)
    gateway.keys.merchant_private_key = stranger
    request = merchant.request("POST", f"{ORDERS}/h5", merchant.body("ORDER0001"))
    gateway.keys.merchant_private_key = ours
    assert code_of(gateway.exchange(request)) is ErrorCode.SIGN_ERROR


@pytest.mark.parametrize(
    "name,value", [("accept", "text/html"), ("user-agent", ""), ("content-type", "text/plain"), ("content-type", "")]
)
def test_missing_mandatory_header_is_a_param_error(merchant: Merchant, name: str, value: str) -> None:
    request = merchant.request("POST", f"{ORDERS}/h5", merchant.body("ORDER0001"))
    answer = merchant.gateway.exchange(dataclasses.replace(request, headers=request.headers | {name: value}))
    assert (answer.status, code_of(answer)) == (400, ErrorCode.PARAM_ERROR)
    assert merchant.gateway.orders.recent(10) == []


@pytest.mark.parametrize(
    "method,path,status",
    [
        ("GET", "/", 404),
        ("POST", "/v3/pay/transactions/wallet", 404),
        ("GET", "/v3/pay/transactions/h5", 405),
        ("POST", "/v3/certificates", 405),
        ("POST", "/v3/refund/domestic/returns", 404),
    ],
)
def test_unknown_path_or_method_has_an_empty_body(gateway: WeChatGateway, method: str, path: str, status: int) -> None:
    answered, headers, body = gateway.handle(method, path, "", {}, b"")
    assert (answered, body) == (status, b"")
    assert set(headers) == {"Request-ID"}


def test_authorization_with_a_repeated_part_is_no_authorization() -> None:
    header = 'WECHATPAY2-SHA256-RSA2048 mchid="1",mchid="2",nonce_str="n",signature="s",timestamp="1",serial_no="a"'
    assert parse_authorization(header) is None
