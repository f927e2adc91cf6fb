"""Refunds in process: what is accepted and refused, how they end on virtual time, what is told and what moves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from sandbox.clock import rfc3339
from sandbox.exchange import Answer
from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.faults import Endpoint, Fault, Rule
from sandbox.wechat.fields import Body
from sandbox.wechat.ledger import DEFAULT_BALANCE_FEN, PayerState
from sandbox.wechat.refund_record import EDGES, RefundAct, RefundState
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import (
    NOTIFY_URL,
    REFUND_S,
    REFUNDS,
    Merchant,
    code_of,
    content_of,
    whole_book,
)
from sandbox.wechat.tests.shown import put

DAY_S = 86400


def test_table_of_states_is_the_whole_one() -> None:
    processing, abnormal = RefundState.PROCESSING, RefundState.ABNORMAL
    assert {
        (processing, RefundAct.PAY_OUT): RefundState.SUCCESS,
        (processing, RefundAct.CLOSE): RefundState.CLOSED,
        (processing, RefundAct.BOUNCE): abnormal,
        (abnormal, RefundAct.REROUTE): processing,
    } == EDGES


def test_refund_is_accepted_in_work_and_succeeds_within_minutes(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    answer = merchant.refund(order, "REFUND0001", 8000)
    accepted = content_of(answer)
    assert answer.status == 200
    assert merchant.believes(answer.headers, answer.body)
    assert re.fullmatch(r"5030\d{25}", str(accepted["refund_id"]))
    assert accepted == {
        "refund_id": accepted["refund_id"],
        "out_refund_no": "REFUND0001",
        "transaction_id": order.transaction_id,
        "out_trade_no": "ORDER0001",
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": "2024-11-15T09:00:00+08:00",
        "status": "PROCESSING",
        "funds_account": "AVAILABLE",
        "amount": {
            "total": 38000,
            "refund": 8000,
            "from": [],
            "payer_total": 38000,
            "payer_refund": 8000,
            "settlement_refund": 8000,
            "settlement_total": 38000,
            "discount_refund": 0,
            "currency": "CNY",
            "refund_fee": 0,
        },
        "promotion_detail": [],
    }
    due_at = merchant.gateway.refunds.next_due_at()
    assert due_at is not None
    assert timedelta(seconds=10) <= due_at - START <= timedelta(seconds=300)
    merchant.pass_time((due_at - START).total_seconds() - 0.001)
    assert content_of(merchant.ask_refund("REFUND0001")) == accepted
    merchant.pass_time(0.001)
    ended = content_of(merchant.ask_refund("REFUND0001"))
    assert ended == accepted | {"status": "SUCCESS", "success_time": rfc3339(due_at)}


def test_payment_is_told_of_as_refunded_once_a_part_went_back(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    before = content_of(merchant.ask("ORDER0001"))
    merchant.refund(order, "REFUND0001", 1)
    assert content_of(merchant.ask("ORDER0001")) == before
    merchant.pass_time(REFUND_S)
    told = content_of(merchant.ask("ORDER0001"))
    assert told == before | {"trade_state": "REFUND", "trade_state_desc": "转入退款"}
    assert code_of(merchant.close("ORDER0001")) is ErrorCode.TRADE_ERROR


def test_money_moves_at_success_and_not_before(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    ledger = merchant.gateway.ledger
    payer, mine = f"payer:{order.openid}", f"merchant:{order.merchant_ref}"
    merchant.refund(order, "REFUND0001", 8000)
    assert (ledger.balance_fen(payer), ledger.balance_fen(mine)) == (DEFAULT_BALANCE_FEN - 38000, 38000)
    merchant.pass_time(REFUND_S)
    merchant.ask_refund("REFUND0001")
    assert (ledger.balance_fen(payer), ledger.balance_fen(mine)) == (DEFAULT_BALANCE_FEN - 30000, 30000)
    assert [one["kind"] for one in ledger.dump()["transfers"]] == ["top_up", "payment", "refund"]


def test_same_number_and_parameters_is_one_refund(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    first = content_of(merchant.refund(order, "REFUND0001", 8000))
    before = whole_book(merchant.gateway)
    assert content_of(merchant.refund(order, "REFUND0001", 8000)) == first
    assert whole_book(merchant.gateway) == before
    merchant.pass_time(REFUND_S)
    again = content_of(merchant.refund(order, "REFUND0001", 8000))
    assert (again["refund_id"], again["status"]) == (first["refund_id"], "SUCCESS")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"refund": 8001, "total": 38000, "currency": "CNY"}},
        {"reason": "另一个原因"},
        {"notify_url": NOTIFY_URL},
        {"transaction_id": None, "out_trade_no": "ORDER0001"},
    ],
)
def test_same_number_with_other_parameters_is_refused(merchant: Merchant, changes: Body) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    before = whole_book(merchant.gateway)
    assert code_of(merchant.refund(order, "REFUND0001", 8000, changes)) is ErrorCode.INVALID_REQUEST
    assert whole_book(merchant.gateway) == before


@pytest.mark.parametrize(
    "changes,field",
    [
        ({"transaction_id": None}, "/transaction_id"),
        ({"out_refund_no": None}, "/out_refund_no"),
        ({"out_refund_no": "R" * 65}, "/out_refund_no"),
        ({"out_refund_no": "退款"}, "/out_refund_no"),
        ({"reason": "因" * 81}, "/reason"),
        ({"notify_url": "http://192.0.2.1/"}, "/notify_url"),
        ({"notify_url": NOTIFY_URL + "?a=1"}, "/notify_url"),
        ({"funds_account": "OTHER"}, "/funds_account"),
        ({"amount": None}, "/amount"),
        ({"amount": {"refund": 0, "total": 38000, "currency": "CNY"}}, "/amount/refund"),
        ({"amount": {"refund": "1", "total": 38000, "currency": "CNY"}}, "/amount/refund"),
        ({"amount": {"refund": True, "total": 38000, "currency": "CNY"}}, "/amount/refund"),
        ({"amount": {"refund": 38001, "total": 38000, "currency": "CNY"}}, "/amount/refund"),
        ({"amount": {"refund": 1, "currency": "CNY"}}, "/amount/total"),
        ({"amount": {"refund": 1, "total": 38000}}, "/amount/currency"),
        ({"amount": {"refund": 1, "total": 38000, "currency": "USD"}}, "/amount/currency"),
    ],
)
def test_unsound_request_is_refused_by_field(merchant: Merchant, changes: Body, field: str) -> None:
    order = merchant.paid("ORDER0001")
    before = whole_book(merchant.gateway)
    answer = merchant.refund(order, "REFUND0001", 8000, changes)
    assert (answer.status, code_of(answer)) == (400, ErrorCode.PARAM_ERROR)
    detail = content_of(answer)["detail"]
    assert isinstance(detail, dict)
    assert detail["field"] == field
    assert whole_book(merchant.gateway) == before


def test_unknown_unpaid_and_foreign_payments_do_not_exist(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.placed("ORDER0002")
    before = whole_book(merchant.gateway)
    strangers: list[Body] = [
        {"transaction_id": "4200000000000000000000000000"},
        {"transaction_id": None, "out_trade_no": "ORDER0002"},
        {"sub_mchid": merchant.gateway.keys.sub_mchid},
    ]
    for changes in strangers:
        answer = merchant.refund(order, "REFUND0001", 8000, changes)
        assert (answer.status, code_of(answer)) == (404, ErrorCode.RESOURCE_NOT_EXISTS)
    assert code_of(merchant.refund(order, "REFUND0001", 8000, {"sub_mchid": "1"})) is ErrorCode.MCH_NOT_EXISTS
    assert code_of(merchant.refund(order, "R1", 8000, {"out_trade_no": "ORDER0002"})) is ErrorCode.INVALID_REQUEST
    answer = merchant.ask_refund("REFUND0001")
    assert (answer.status, code_of(answer)) == (404, ErrorCode.RESOURCE_NOT_EXISTS)
    assert whole_book(merchant.gateway) == before


def test_amount_of_the_payment_must_be_quoted_truly(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    amount: Body = {"amount": {"refund": 1, "total": 37999, "currency": "CNY"}}
    assert code_of(merchant.refund(order, "REFUND0001", 1, amount)) is ErrorCode.INVALID_REQUEST
    assert merchant.gateway.refunds.recent(1) == []


def test_parts_together_never_exceed_what_was_paid(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")

    def refunded(number: str, amount_fen: int) -> Answer:
        merchant.pass_time(60)
        return merchant.refund(order, number, amount_fen)

    assert refunded("REFUND0001", 20000).status == 200
    too_much = refunded("REFUND0002", 18001)
    assert (code_of(too_much), content_of(too_much)["message"]) == (
        ErrorCode.INVALID_REQUEST,
        "累计退款金额大于支付金额",
    )
    assert refunded("REFUND0002", 18000).status == 200
    assert content_of(refunded("REFUND0003", 1))["message"] == "订单已全额退款"
    merchant.pass_time(REFUND_S)
    assert [merchant.status_of(number) for number in ("REFUND0001", "REFUND0002")] == ["SUCCESS", "SUCCESS"]


def test_abnormal_part_still_counts_and_a_closed_one_does_not(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    put(merchant, Fault.REFUND_ABNORMAL)
    merchant.refund(order, "REFUND0001", 20000)
    merchant.pass_time(REFUND_S)
    put(merchant, Fault.REFUND_CLOSED)
    merchant.refund(order, "REFUND0002", 18000)
    merchant.pass_time(REFUND_S)
    assert code_of(merchant.refund(order, "REFUND0003", 18001)) is ErrorCode.INVALID_REQUEST
    assert merchant.refund(order, "REFUND0003", 18000).status == 200


def test_two_parts_lie_a_minute_apart(merchant: Merchant) -> None:
    order, other = merchant.paid("ORDER0001"), merchant.paid("ORDER0002")
    assert merchant.refund(order, "REFUND0001", 1).status == 200
    merchant.pass_time(59)
    answer = merchant.refund(order, "REFUND0002", 1)
    assert (answer.status, code_of(answer)) == (429, ErrorCode.FREQUENCY_LIMITED)
    assert merchant.refund(other, "REFUND0003", 1).status == 200
    merchant.pass_time(1)
    assert merchant.refund(order, "REFUND0002", 1).status == 200


def test_fifty_parts_and_not_one_more(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    for place in range(50):
        assert merchant.refund(order, f"REFUND{place:04d}", 1).status == 200
        merchant.pass_time(60)
    answer = merchant.refund(order, "REFUND0050", 1)
    assert (answer.status, code_of(answer)) == (400, ErrorCode.INVALID_REQUEST)
    assert content_of(merchant.refund(order, "REFUND0049", 1))["out_refund_no"] == "REFUND0049"


def test_365_days_after_payment_it_is_too_late(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.pass_time(365 * DAY_S)
    assert merchant.refund(order, "REFUND0001", 1).status == 200
    merchant.pass_time(61)
    answer = merchant.refund(order, "REFUND0002", 1)
    assert (answer.status, code_of(answer)) == (403, ErrorCode.TRADE_OVERDUE)


def test_merchant_short_of_money_is_told_so_and_may_ask_again(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    ledger, now = merchant.gateway.ledger, START
    ledger.withdraw(order.merchant_ref, 30001, now)
    put(merchant, Fault.REFUND_CLOSED)
    answer = merchant.refund(order, "REFUND0001", 8000)
    assert (answer.status, code_of(answer)) == (403, ErrorCode.NOT_ENOUGH)
    assert merchant.ask_refund("REFUND0001").status == 404
    ledger.deposit(order.merchant_ref, 1, now)
    assert merchant.refund(order, "REFUND0001", 8000).status == 200
    merchant.pass_time(REFUND_S)
    # What was refused used up no fault.
    assert merchant.status_of("REFUND0001") == "CLOSED"
    assert merchant.refund(order, "REFUND0002", 8000).status == 200
    merchant.pass_time(REFUND_S)
    assert merchant.status_of("REFUND0002") == "SUCCESS"
    assert ledger.balance_fen(f"merchant:{order.merchant_ref}") == 0


def test_money_in_work_is_spoken_for(merchant: Merchant) -> None:
    order, other = merchant.paid("ORDER0001"), merchant.paid("ORDER0002")
    merchant.gateway.ledger.withdraw(order.merchant_ref, 38000, START)
    assert merchant.refund(order, "REFUND0001", 30000).status == 200
    assert code_of(merchant.refund(other, "REFUND0002", 8001)) is ErrorCode.NOT_ENOUGH
    assert merchant.refund(other, "REFUND0003", 8000).status == 200


def test_refund_of_a_merchant_that_withdrew_its_money_closes_after_seven_days(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    merchant.gateway.ledger.withdraw(order.merchant_ref, 38000, START)
    merchant.pass_time(7 * DAY_S - 1)
    assert merchant.status_of("REFUND0001") == "PROCESSING"
    merchant.pass_time(1)
    told = content_of(merchant.ask_refund("REFUND0001"))
    assert (told["status"], "success_time" in told) == ("CLOSED", False)
    merchant.gateway.ledger.deposit(order.merchant_ref, 8000, merchant.now())
    assert content_of(merchant.refund(order, "REFUND0001", 8000))["status"] == "CLOSED"
    assert content_of(merchant.refund(order, "REFUND0002", 8000))["status"] == "PROCESSING"


def test_refund_of_a_merchant_that_brings_money_in_time_succeeds(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    merchant.gateway.ledger.withdraw(order.merchant_ref, 38000, START)
    merchant.pass_time(3 * DAY_S)
    assert merchant.status_of("REFUND0001") == "PROCESSING"
    merchant.gateway.ledger.deposit(order.merchant_ref, 8000, merchant.now())
    merchant.pass_time(6 * 3600)
    assert merchant.status_of("REFUND0001") == "SUCCESS"


def test_cancelled_payer_cannot_be_refunded(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.gateway.ledger.set_payer_state(str(order.openid), PayerState.CANCELLED)
    answer = merchant.refund(order, "REFUND0001", 8000)
    assert (answer.status, code_of(answer)) == (403, ErrorCode.USER_ACCOUNT_ABNORMAL)
    assert merchant.ask_refund("REFUND0001").status == 404
    merchant.gateway.ledger.set_payer_state(str(order.openid), PayerState.NORMAL)
    assert merchant.refund(order, "REFUND0001", 8000).status == 200


def test_dead_card_makes_a_refund_abnormal(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    merchant.gateway.ledger.set_payer_state(str(order.openid), PayerState.CARD_DEAD)
    merchant.pass_time(REFUND_S)
    assert merchant.status_of("REFUND0001") == "ABNORMAL"
    assert merchant.gateway.ledger.balance_fen(f"merchant:{order.merchant_ref}") == 38000


def test_partner_refunds_for_its_sub_merchant(merchant: Merchant) -> None:
    keys = merchant.gateway.keys
    body = merchant.body("ORDER0001", changes={"appid": None, "mchid": None})
    body |= {"sp_appid": keys.appid, "sp_mchid": keys.mchid, "sub_mchid": keys.sub_mchid}
    assert merchant.call("POST", "/v3/pay/partner/transactions/h5", body).status == 200
    order = merchant.pay("ORDER0001")
    merchant.hear(200)
    assert merchant.refund(order, "REFUND0001", 8000).status == 404
    assert merchant.refund(order, "REFUND0001", 8000, {"sub_mchid": keys.sub_mchid}).status == 200
    merchant.pass_time(REFUND_S)
    (message,) = merchant.hear(200)
    told = merchant.opened(message.body)
    assert told is not None
    assert (told["sp_mchid"], told["sub_mchid"], "mchid" in told) == (keys.mchid, keys.sub_mchid, False)
    assert merchant.ask_refund("REFUND0001").status == 404
    assert merchant.call("GET", f"{REFUNDS}/REFUND0001?sub_mchid={keys.sub_mchid}").status == 200


def test_rules_select_refund_calls_by_the_order_behind_them(merchant: Merchant) -> None:
    orders = [merchant.paid(number) for number in ("ORDER0001", "ORDER0002")]
    for endpoint in (Endpoint.REFUND, Endpoint.REFUND_QUERY, Endpoint.REFUND_ABNORMAL):
        put(merchant, Rule(fault=Fault.ERROR_CODE, endpoint=endpoint, out_trade_no="ORDER0002"))
    assert merchant.refund(orders[0], "REFUND0001", 1).status == 200
    assert merchant.refund(orders[1], "REFUND0002", 1).status == 500
    assert merchant.refund(orders[1], "REFUND0002", 1).status == 200
    assert [merchant.ask_refund(f"REFUND000{place}").status for place in (1, 2, 2)] == [200, 500, 200]
    refund_id = content_of(merchant.ask_refund("REFUND0002"))["refund_id"]
    path = f"{REFUNDS}/{refund_id}/apply-abnormal-refund"
    assert [merchant.call("POST", path, {}).status for _ in range(2)] == [500, 400]


def test_known_paths_with_other_methods_are_405(merchant: Merchant) -> None:
    assert merchant.call("GET", REFUNDS).status == 405
    assert merchant.call("POST", f"{REFUNDS}/REFUND0001", {}).status == 405


def test_150_refunds_a_second_and_then_429(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    statuses = [merchant.refund(order, "REFUND0001", 1).status for _ in range(151)]
    assert statuses == [200] * 150 + [429]
    merchant.pass_time(1)
    assert merchant.refund(order, "REFUND0001", 1).status == 200


def test_six_refused_refunds_a_second_and_then_429(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    codes = [code_of(merchant.refund(order, "REFUND0001", 1, {"reason": 1})) for _ in range(7)]
    assert codes == [ErrorCode.PARAM_ERROR] * 6 + [ErrorCode.FREQUENCY_LIMITED]
    assert code_of(merchant.refund(order, "REFUND0001", 1)) is ErrorCode.FREQUENCY_LIMITED
    merchant.pass_time(1)
    assert merchant.refund(order, "REFUND0001", 1).status == 200


def test_300_refund_queries_a_second_and_then_429(merchant: Merchant) -> None:
    merchant.refund(merchant.paid("ORDER0001"), "REFUND0001", 1)
    statuses = [merchant.ask_refund("REFUND0001").status for _ in range(301)]
    assert statuses == [200] * 300 + [429]
    merchant.gateway.rates.set("refund_query", 0)
    assert merchant.ask_refund("REFUND0001").status == 200


def test_same_seed_gives_the_same_refund(merchant: Merchant) -> None:
    def played() -> tuple[object, object]:
        merchant.gateway.reset(11)
        order = merchant.paid("ORDER0001")
        merchant.refund(order, "REFUND0001", 1)
        refund = merchant.gateway.refunds.named("REFUND0001")
        return refund.refund_id, refund.due_at

    assert played() == played()
