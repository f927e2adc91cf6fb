"""Abnormal refunds sent another way: to a card whose number travels encrypted, or to the merchant's bank."""

from __future__ import annotations

import json

import pytest

from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.faults import Fault
from sandbox.wechat.fields import Body
from sandbox.wechat.ledger import DEFAULT_BALANCE_FEN, PayerState
from sandbox.wechat.tests.merchant import (
    REFUND_S,
    REFUNDS,
    Merchant,
    code_of,
    content_of,
    whole_book,
)
from sandbox.wechat.tests.shown import put


def _abnormal_wish(merchant: Merchant, out_refund_no: str, changes: Body | None = None) -> Body:
    content: Body = {
        "out_refund_no": out_refund_no,
        "type": "USER_BANK_CARD",
        "bank_type": "ICBC_DEBIT",
        "bank_account": merchant.secret("6222020200112233445"),
        "real_name": merchant.secret("张三"),
    }
    content |= changes or {}
    return {name: value for name, value in content.items() if value is not None}


def _abnormal(merchant: Merchant) -> str:
    """An abnormal refund of 8000 fen under REFUND0001; the channel's number of it."""
    order = merchant.paid("ORDER0001")
    put(merchant, Fault.REFUND_ABNORMAL)
    accepted = content_of(merchant.refund(order, "REFUND0001", 8000))
    merchant.pass_time(REFUND_S)
    merchant.hear(200)
    return str(accepted["refund_id"])


def test_abnormal_refund_goes_to_another_card(merchant: Merchant) -> None:
    refund_id = _abnormal(merchant)
    path = f"{REFUNDS}/{refund_id}/apply-abnormal-refund"
    answer = merchant.call("POST", path, _abnormal_wish(merchant, "REFUND0001"))
    told = content_of(answer)
    assert (answer.status, told["status"], told["user_received_account"]) == (200, "PROCESSING", "ICBC_DEBIT3445")
    assert told["channel"] == "OTHER_BANKCARD"
    assert code_of(merchant.call("POST", path, _abnormal_wish(merchant, "REFUND0001"))) is ErrorCode.INVALID_REQUEST
    # A dead card at the payer's no longer matters: the money takes another way.
    order = merchant.gateway.orders.named(out_trade_no="ORDER0001")
    merchant.gateway.ledger.set_payer_state(str(order.openid), PayerState.CARD_DEAD)
    merchant.pass_time(REFUND_S)
    assert merchant.status_of("REFUND0001") == "SUCCESS"
    assert [json.loads(one.body)["event_type"] for one in merchant.hear(200)] == ["REFUND.SUCCESS"]
    assert merchant.gateway.ledger.balance_fen(f"payer:{order.openid}") == DEFAULT_BALANCE_FEN - 30000
    book = str(whole_book(merchant.gateway)) + str(list(merchant.gateway.log))
    assert "6222020200112233445" not in book
    assert "张三" not in book


def test_abnormal_refund_goes_to_the_merchants_bank(merchant: Merchant) -> None:
    refund_id = _abnormal(merchant)
    path = f"{REFUNDS}/{refund_id}/apply-abnormal-refund"
    wish: Body = {"out_refund_no": "REFUND0001", "type": "MERCHANT_BANK_CARD"}
    assert content_of(merchant.call("POST", path, wish))["user_received_account"] == "交易商户银行账户"
    merchant.pass_time(REFUND_S)
    assert merchant.status_of("REFUND0001") == "SUCCESS"
    ledger, mchid = merchant.gateway.ledger, merchant.gateway.keys.mchid
    assert (ledger.balance_fen(f"bank:{mchid}"), ledger.balance_fen(f"merchant:{mchid}")) == (8000, 30000)


@pytest.mark.parametrize(
    "changes,field",
    [
        ({"type": "OTHER"}, "/type"),
        ({"bank_type": None}, "/bank_type"),
        ({"bank_account": None}, "/bank_account"),
        ({"bank_account": "6222020200112233445"}, "/bank_account"),
        ({"real_name": "5byg5LiJ"}, "/real_name"),
        ({"out_refund_no": None}, "/out_refund_no"),
    ],
)
def test_unsound_wish_about_an_abnormal_refund_is_refused(merchant: Merchant, changes: Body, field: str) -> None:
    refund_id = _abnormal(merchant)
    before = whole_book(merchant.gateway)
    wish = _abnormal_wish(merchant, "REFUND0001", changes)
    answer = merchant.call("POST", f"{REFUNDS}/{refund_id}/apply-abnormal-refund", wish)
    assert (answer.status, code_of(answer)) == (400, ErrorCode.PARAM_ERROR)
    detail = content_of(answer)["detail"]
    assert isinstance(detail, dict)
    assert detail["field"] == field
    assert whole_book(merchant.gateway) == before


def test_wish_about_a_refund_under_another_number_finds_none(merchant: Merchant) -> None:
    refund_id = _abnormal(merchant)
    for number, path_id in (("REFUND0009", refund_id), ("REFUND0001", "5030")):
        path = f"{REFUNDS}/{path_id}/apply-abnormal-refund"
        answer = merchant.call("POST", path, _abnormal_wish(merchant, number))
        assert (answer.status, code_of(answer)) == (404, ErrorCode.RESOURCE_NOT_EXISTS)
