"""The life of an order: every state met with every act, numbers used once, time doing its work."""

from __future__ import annotations

import itertools
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.clock import rfc3339
from sandbox.wechat.errors import ChannelError, ErrorCode, SandboxRefusal
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.orders import EDGES, Act, Order, TradeState
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import ORDERS, Merchant, code_of, content_of, whole_book

PARTNER_ORDERS = "/v3/pay/partner/transactions"


def _brought_to(merchant: Merchant, state: TradeState) -> Order:
    merchant.placed("ORDER0001")
    if state is TradeState.SUCCESS:
        merchant.pay("ORDER0001")
    if state is TradeState.CLOSED:
        merchant.close("ORDER0001")
    return merchant.gateway.orders.named(out_trade_no="ORDER0001")


def _do(merchant: Merchant, act: Act, order: Order) -> None:
    gateway = merchant.gateway
    now = gateway.clock.now()
    match act:
        case Act.PAY:
            gateway.orders.pay(order, gateway.ledger.default_payer(now).openid, now)
        case Act.PAY_LATE:
            gateway.orders.pay_late(order, now)
        case Act.CLOSE:
            gateway.orders.close(order.merchant_ref, order.out_trade_no, now)
        case Act.LAPSE:
            gateway.clock.advance(7 * 86400)
            gateway.orders.sweep(gateway.clock.now())


@pytest.mark.parametrize("state,act", list(itertools.product(TradeState, Act)))
def test_every_state_meets_every_act(merchant: Merchant, state: TradeState, act: Act) -> None:
    order = _brought_to(merchant, state)
    merchant.gateway.ledger.default_payer(START)
    before = whole_book(merchant.gateway)
    target = EDGES.get((state, act))
    if target is None:
        # Lapsing is silent: time does not complain.
        try:
            _do(merchant, act, order)
        except (ChannelError, SandboxRefusal, KeyError):
            pass
        else:
            assert act is Act.LAPSE
        assert whole_book(merchant.gateway) == before
        return
    _do(merchant, act, order)
    assert merchant.gateway.orders.named(out_trade_no="ORDER0001").state is target


def test_h5_answer_leads_to_the_cashier(merchant: Merchant) -> None:
    answer = merchant.place("ORDER0001")
    url = str(content_of(answer)["h5_url"])
    order = merchant.gateway.orders.named(out_trade_no="ORDER0001")
    assert urlsplit(url).path == "/cgi-bin/mmpayweb-bin/checkmweb"
    assert parse_qs(urlsplit(url).query) == {"prepay_id": [order.prepay_id], "package": [order.page_code]}


def test_native_answer_is_a_code(merchant: Merchant) -> None:
    answer = merchant.place("ORDER0001", kind="native")
    order = merchant.gateway.orders.named(out_trade_no="ORDER0001")
    assert content_of(answer) == {"code_url": f"weixin://wxpay/bizpayurl?pr={order.page_code}"}


def test_app_answer_is_a_prepay_id(merchant: Merchant) -> None:
    assert len(str(content_of(merchant.place("ORDER0001", kind="app"))["prepay_id"])) == 36


def test_same_order_again_is_prepared_anew(merchant: Merchant, gateway: WeChatGateway) -> None:
    first = merchant.placed("ORDER0001")
    gateway.clock.advance(60)
    assert merchant.place("ORDER0001").status == 200
    second = gateway.orders.named(out_trade_no="ORDER0001")
    assert second.prepay_id != first.prepay_id
    assert second.created_at == first.created_at
    assert len(gateway.orders.recent(10)) == 1


@pytest.mark.parametrize("changes", [{"description": "别的"}, {"amount": {"total": 1}}, {"attach": "x"}])
def test_same_number_for_another_order_is_refused(merchant: Merchant, changes: Body) -> None:
    merchant.placed("ORDER0001")
    before = whole_book(merchant.gateway)
    answer = merchant.place("ORDER0001", changes=changes)
    assert (answer.status, code_of(answer)) == (403, ErrorCode.OUT_TRADE_NO_USED)
    assert whole_book(merchant.gateway) == before


def test_same_number_by_another_way_of_paying_is_refused(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    assert code_of(merchant.place("ORDER0001", kind="native")) is ErrorCode.OUT_TRADE_NO_USED


def test_number_of_a_paid_or_closed_order_is_not_placed_again(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    assert code_of(merchant.place("ORDER0001")) is ErrorCode.INVALID_REQUEST
    merchant.placed("ORDER0002")
    merchant.close("ORDER0002")
    assert code_of(merchant.place("ORDER0002")) is ErrorCode.ORDER_CLOSED


def test_query_of_an_unpaid_order(merchant: Merchant) -> None:
    merchant.placed("ORDER0001", changes={"attach": "账单一"})
    keys = merchant.gateway.keys
    assert content_of(merchant.ask("ORDER0001")) == {
        "mchid": keys.mchid,
        "appid": keys.appid,
        "out_trade_no": "ORDER0001",
        "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付",
        "attach": "账单一",
        "amount": {"total": 38000, "currency": "CNY"},
        "promotion_detail": [],
    }


def test_query_of_a_paid_order_by_both_numbers(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    paid = merchant.pay("ORDER0001")
    content = content_of(merchant.ask("ORDER0001"))
    assert content["trade_state"] == "SUCCESS"
    assert content["trade_type"] == "MWEB"
    assert content["success_time"] == "2024-11-15T09:00:00+08:00"
    assert content["payer"] == {"openid": paid.openid}
    assert content["amount"] == {"total": 38000, "currency": "CNY", "payer_total": 38000, "payer_currency": "CNY"}
    mchid = merchant.gateway.keys.mchid
    assert content_of(merchant.call("GET", f"{ORDERS}/id/{paid.transaction_id}?mchid={mchid}")) == content


def test_query_of_an_unknown_number_and_of_another_merchant(merchant: Merchant) -> None:
    answer = merchant.ask("ORDER0009")
    assert (answer.status, code_of(answer)) == (404, ErrorCode.ORDER_NOT_EXIST)
    merchant.placed("ORDER0001")
    foreign = merchant.call("GET", f"{ORDERS}/out-trade-no/ORDER0001?mchid=1900000000")
    assert code_of(foreign) is ErrorCode.MCH_NOT_EXISTS
    assert code_of(merchant.call("GET", f"{ORDERS}/out-trade-no/ORDER0001")) is ErrorCode.PARAM_ERROR
    twice = merchant.call("GET", f"{ORDERS}/out-trade-no/ORDER0001?mchid=1&mchid=2")
    assert code_of(twice) is ErrorCode.PARAM_ERROR


def test_close_of_a_paid_unknown_or_closed_order(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    paid = merchant.close("ORDER0001")
    assert (paid.status, code_of(paid)) == (403, ErrorCode.TRADE_ERROR)
    assert code_of(merchant.close("ORDER0009")) is ErrorCode.ORDER_NOT_EXIST
    merchant.placed("ORDER0002")
    assert merchant.close("ORDER0002").status == 204
    assert merchant.close("ORDER0002").status == 204
    assert content_of(merchant.ask("ORDER0002"))["trade_state"] == "CLOSED"


def test_time_expire_ends_payment_and_closes_nothing(merchant: Merchant, gateway: WeChatGateway) -> None:
    merchant.placed("ORDER0001", changes={"time_expire": rfc3339(START + timedelta(minutes=30))})
    gateway.clock.advance(30 * 60 - 1)
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "NOTPAY"
    gateway.clock.advance(1)
    before = whole_book(gateway)
    with pytest.raises(SandboxRefusal, match="超过支付截止时间"):
        merchant.pay("ORDER0001")
    # The payer is made on first use; nothing else came to be.
    assert [row for row in whole_book(gateway) if row not in before and "payment" in row] == []
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "NOTPAY"


def test_prepared_payment_lives_two_hours(merchant: Merchant, gateway: WeChatGateway) -> None:
    merchant.placed("ORDER0001")
    gateway.clock.advance(7200)
    with pytest.raises(SandboxRefusal, match="已过 2 小时"):
        merchant.pay("ORDER0001")
    assert merchant.place("ORDER0001").status == 200
    assert merchant.pay("ORDER0001").state is TradeState.SUCCESS


def test_unpaid_order_closes_by_itself_after_seven_days(merchant: Merchant, gateway: WeChatGateway) -> None:
    merchant.placed("ORDER0001")
    gateway.clock.advance(7 * 86400 - 1)
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "NOTPAY"
    gateway.clock.advance(1)
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "CLOSED"
    assert gateway.orders.named(out_trade_no="ORDER0001").closed_at == START + timedelta(days=7)


def test_payer_without_the_money_moves_nothing(merchant: Merchant, gateway: WeChatGateway) -> None:
    poor = gateway.ledger.create_payer(name="余额不足的人", balance_fen=37999, openid=None, now=START)
    order = merchant.placed("ORDER0001")
    before = whole_book(gateway)
    with pytest.raises(SandboxRefusal, match="余额不足"):
        gateway.orders.pay(order, poor.openid, START)
    assert whole_book(gateway) == before
    gateway.ledger.set_balance(poor.openid, 38000, START)
    assert gateway.orders.pay(order, poor.openid, START).state is TradeState.SUCCESS
    assert gateway.ledger.payer(poor.openid).balance_fen == 0


def _partner_body(gateway: WeChatGateway) -> Body:
    keys = gateway.keys
    return {
        "sp_appid": keys.appid,
        "sp_mchid": keys.mchid,
        "sub_appid": keys.sub_appid,
        "sub_mchid": keys.sub_mchid,
        "description": "城乡居民基本医疗保险费",
        "out_trade_no": "ORDER0001",
        "notify_url": "http://127.0.0.1:9/notices",
        "amount": {"total": 100},
        "scene_info": {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "iOS"}},
    }


def test_partner_places_asks_and_closes_for_its_sub_merchant(merchant: Merchant, gateway: WeChatGateway) -> None:
    keys = gateway.keys
    assert merchant.call("POST", f"{PARTNER_ORDERS}/h5", _partner_body(gateway)).status == 200
    # The same number is free for the partner's own orders: it belongs to the sub-merchant.
    assert code_of(merchant.ask("ORDER0001")) is ErrorCode.ORDER_NOT_EXIST
    paid = merchant.pay("ORDER0001")
    target = f"{PARTNER_ORDERS}/out-trade-no/ORDER0001?sp_mchid={keys.mchid}&sub_mchid={keys.sub_mchid}"
    content = content_of(merchant.call("GET", target))
    assert (content["sp_mchid"], content["sub_mchid"]) == (keys.mchid, keys.sub_mchid)
    assert (content["sp_appid"], content["sub_appid"]) == (keys.appid, keys.sub_appid)
    assert content["payer"] == {"sp_openid": paid.openid}
    closing: Body = {"sp_mchid": keys.mchid, "sub_mchid": keys.sub_mchid}
    closed = merchant.call("POST", f"{PARTNER_ORDERS}/out-trade-no/ORDER0001/close", closing)
    assert code_of(closed) is ErrorCode.TRADE_ERROR
    assert gateway.ledger.balance_fen(f"merchant:{keys.sub_mchid}") == 100


def test_partner_with_a_foreign_sub_merchant_or_sub_app_is_refused(merchant: Merchant, gateway: WeChatGateway) -> None:
    foreign = _partner_body(gateway) | {"sub_mchid": "1600000000"}
    assert code_of(merchant.call("POST", f"{PARTNER_ORDERS}/h5", foreign)) is ErrorCode.MCH_NOT_EXISTS
    foreign = _partner_body(gateway) | {"sub_appid": "wx0000000000000000"}
    assert code_of(merchant.call("POST", f"{PARTNER_ORDERS}/h5", foreign)) is ErrorCode.APPID_MCHID_NOT_MATCH
    assert gateway.orders.recent(10) == []


def test_same_seed_gives_the_same_numbers(merchant: Merchant, gateway: WeChatGateway) -> None:
    def story() -> tuple[str | None, ...]:
        gateway.reset(7)
        placed = merchant.placed("ORDER0001")
        paid = merchant.pay("ORDER0001")
        return placed.prepay_id, placed.page_code, paid.transaction_id, paid.openid

    first = story()
    merchant.nonce_count = 0
    assert story() == first
