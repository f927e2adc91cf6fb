"""The control plane's routes about refunds: what they do, what they refuse, and that a refusal changes nothing."""

from __future__ import annotations

import json

import pytest

from sandbox.exchange import request_of
from sandbox.wechat.control import ControlPlane
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.ledger import PayerState
from sandbox.wechat.tests.merchant import NOTIFY_URL, REFUND_S, Merchant, content_of, whole_book
from sandbox.wechat.wishes import Reply

HEADERS = {"Host": "127.0.0.1:9000", "Content-Type": "application/json"}


@pytest.fixture
def control(gateway: WeChatGateway) -> ControlPlane:
    return ControlPlane(gateway)


def _get(control: ControlPlane, path: str) -> Reply:
    return control.handle(request_of("GET", f"/_sandbox{path}", HEADERS, b""))


def _post(control: ControlPlane, path: str, content: Body | None = None) -> Reply:
    return control.handle(request_of("POST", f"/_sandbox{path}", HEADERS, json.dumps(content or {}).encode()))


def _listed(reply: Reply) -> list[Body]:
    value = reply.content["refunds"]
    assert isinstance(value, list)
    return value


def test_refunds_are_listed_newest_first_and_by_order_or_number(control: ControlPlane, merchant: Merchant) -> None:
    for place in (1, 2):
        merchant.refund(merchant.paid(f"ORDER000{place}"), f"REFUND000{place}", 8000)
    assert [one["out_refund_no"] for one in _listed(_get(control, "/refunds"))] == ["REFUND0002", "REFUND0001"]
    (by_order,) = _listed(_get(control, "/refunds?out_trade_no=ORDER0001"))
    (by_number,) = _listed(_get(control, f"/refunds?out_refund_no={by_order['refund_id']}"))
    assert by_order == by_number
    assert (by_order["state"], by_order["amount_fen"], by_order["success_at"]) == ("PROCESSING", 8000, None)
    merchant.pass_time(REFUND_S)
    (ended,) = _listed(_get(control, "/refunds?out_refund_no=REFUND0001"))
    assert (ended["state"], ended["due_at"]) == ("SUCCESS", None)
    assert _get(control, "/refunds?out_refund_no=REFUND0009").content["code"] == "refund_unknown"


@pytest.mark.parametrize("state", ["SUCCESS", "ABNORMAL", "CLOSED"])
def test_refund_in_work_is_finished_by_hand_once(control: ControlPlane, merchant: Merchant, state: str) -> None:
    merchant.refund(merchant.paid("ORDER0001"), "REFUND0001", 8000)
    wish: Body = {"out_refund_no": "REFUND0001", "state": state}
    assert _post(control, "/refunds/finish", wish).content["state"] == state
    before = whole_book(merchant.gateway)
    again = _post(control, "/refunds/finish", wish)
    assert (again.status, again.content["code"]) == (409, "refund_not_in_work")
    assert whole_book(merchant.gateway) == before
    assert len(merchant.hear(200)) == 1


def test_unsound_ends_are_refused(control: ControlPlane, merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    merchant.gateway.ledger.withdraw(order.merchant_ref, 38000, merchant.now())
    before = whole_book(merchant.gateway)
    for state, code in (("PROCESSING", "refund_not_in_work"), ("DONE", "value_wrong"), ("SUCCESS", "balance_too_low")):
        wish: Body = {"out_refund_no": "REFUND0001", "state": state}
        assert _post(control, "/refunds/finish", wish).content["code"] == code
    assert whole_book(merchant.gateway) == before


def test_clerk_refunds_without_any_program(control: ControlPlane, merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    reply = _post(control, "/refunds", {"out_trade_no": "ORDER0001", "amount_fen": 8000})
    assert (reply.status, reply.content["state"], reply.content["source"]) == (201, "SUCCESS", "clerk")
    assert str(reply.content["out_refund_no"]).startswith("CLERK")
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "REFUND"
    (message,) = merchant.hear(200)
    assert (message.url, message.headers["Content-Type"]) == (NOTIFY_URL, "text/xml")


def test_clerk_is_held_to_the_same_rules(control: ControlPlane, merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    assert (
        _post(control, "/refunds", {"out_trade_no": "ORDER0001", "amount_fen": 1}).content["code"] == "order_not_paid"
    )
    merchant.pay("ORDER0001")
    before = whole_book(merchant.gateway)
    for amount_fen in (0, 38001):
        wish: Body = {"out_trade_no": "ORDER0001", "amount_fen": amount_fen}
        assert _post(control, "/refunds", wish).content["code"] == "value_wrong"
    ledger = merchant.gateway.ledger
    ledger.set_payer_state(ledger.default_payer(merchant.now()).openid, PayerState.CANCELLED)
    assert _post(control, "/refunds", {"out_trade_no": "ORDER0001", "amount_fen": 1}).content == {
        "code": "user_account_abnormal",
        "message": "退款请求失败，用户账户异常或已注销",
    }
    assert whole_book(merchant.gateway) == before


def test_payer_states_are_set_and_wrong_ones_refused(control: ControlPlane, merchant: Merchant) -> None:
    openid = merchant.gateway.ledger.default_payer(merchant.now()).openid
    assert _post(control, f"/payers/{openid}/state", {"state": "card_dead"}).content["state"] == "card_dead"
    assert _post(control, f"/payers/{openid}/state", {"state": "ill"}).content["code"] == "value_wrong"
    assert _post(control, "/payers/o-nobody/state", {"state": "normal"}).content["code"] == "payer_unknown"
    assert merchant.gateway.ledger.payer(openid).state == "card_dead"


def test_merchants_money_is_withdrawn_and_brought(control: ControlPlane, merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    usual = {"merchant_ref": order.merchant_ref, "fee_per_million": 0}
    assert _get(control, "/merchant/money").content == usual | {"balance_fen": 38000, "bank_fen": 0}
    assert _post(control, "/merchant/withdraw", {"amount_fen": 8000}).content["bank_fen"] == 8000
    assert _post(control, "/merchant/withdraw").content == usual | {"balance_fen": 0, "bank_fen": 38000}
    assert _post(control, "/merchant/deposit", {"amount_fen": 5}).content["balance_fen"] == 5
    before = whole_book(merchant.gateway)
    for path, amount_fen in (("withdraw", 6), ("withdraw", 0), ("deposit", 0), ("deposit", 10**12 + 1)):
        refused = _post(control, f"/merchant/{path}", {"amount_fen": amount_fen})
        assert (refused.status, refused.content["code"]) == (400, "balance_out_of_range")
    wish: Body = {"amount_fen": 1, "merchant_ref": "1900000000"}
    assert _post(control, "/merchant/deposit", wish).content["code"] == "merchant_unknown"
    assert whole_book(merchant.gateway) == before
    assert _post(control, "/merchant/deposit", wish | {"merchant_ref": merchant.gateway.keys.sub_mchid}).status == 200


def test_fee_is_set_and_charged(control: ControlPlane, merchant: Merchant) -> None:
    assert _post(control, "/merchant/fee", {"fee_per_million": 6000}).content["fee_per_million"] == 6000
    assert _post(control, "/merchant/fee", {"fee_per_million": 1_000_001}).content["code"] == "fee_out_of_range"
    assert merchant.paid("ORDER0001").fee_fen == 228
    assert _get(control, "/merchant/money").content["balance_fen"] == 37772


def test_rates_are_listed_and_set(control: ControlPlane, merchant: Merchant) -> None:
    usual = {"refund": 150, "refused_refund": 6, "refund_query": 300, "trade_bill": 3, "fund_bill": 3}
    assert _get(control, "/rates").content == {"rates": usual}
    assert _post(control, "/rates", {"name": "refund", "per_s": 1}).content == {"rates": usual | {"refund": 1}}
    unsound: list[Body] = [{"name": "other", "per_s": 1}, {"name": "refund", "per_s": -1}]
    for wish in unsound:
        assert _post(control, "/rates", wish).content["code"] == "rate_unsound"
    order = merchant.paid("ORDER0001")
    assert [merchant.refund(order, "REFUND0001", 1).status for _ in range(2)] == [200, 429]
    _post(control, "/reset")
    assert _get(control, "/rates").content == {"rates": usual}
    assert _listed(_get(control, "/refunds")) == []
