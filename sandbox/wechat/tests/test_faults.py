"""Every fault of the catalogue shown in process: what it does to the caller, and what it leaves true at the channel."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from sandbox.clock import rfc3339
from sandbox.exchange import Answer, TransportAct
from sandbox.wechat.errors import STATUS_OF, ErrorCode, SandboxRefusal
from sandbox.wechat.faults import CATALOGUE, Endpoint, Fault, Rule
from sandbox.wechat.gateway import TransportFailure, WeChatGateway
from sandbox.wechat.notices import OutgoingNotice
from sandbox.wechat.orders import TradeState
from sandbox.wechat.tests.bill_faults import BILL_FAULTS
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import ORDERS, Merchant, code_of, content_of
from sandbox.wechat.tests.refund_faults import REFUND_FAULTS
from sandbox.wechat.tests.shown import Check, Shown, put
from sandbox.wechat.wire import is_signed_by, signed_text

SHOWN = Shown()
_shows = SHOWN.by


def _is_known(merchant: Merchant, out_trade_no: str) -> bool:
    return any(order.out_trade_no == out_trade_no for order in merchant.gateway.orders.recent(100))


def _failed_place(merchant: Merchant, out_trade_no: str) -> TransportFailure:
    request = merchant.request("POST", f"{ORDERS}/h5", merchant.body(out_trade_no))
    with pytest.raises(TransportFailure) as caught:
        merchant.gateway.handle(request.method, request.path, request.query, request.headers, request.body)
    return caught.value


def _unprocessed(fault: Fault, act: TransportAct) -> Check:
    def check(merchant: Merchant) -> None:
        put(merchant, fault)
        failure = _failed_place(merchant, "ORDER0001")
        assert (failure.act, failure.is_processed) == (act, False)
        assert not _is_known(merchant, "ORDER0001")
        assert merchant.place("ORDER0001").status == 200

    return check


def _processed(fault: Fault, act: TransportAct) -> Check:
    def check(merchant: Merchant) -> None:
        put(merchant, fault)
        failure = _failed_place(merchant, "ORDER0001")
        assert (failure.act, failure.is_processed) == (act, True)
        assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "NOTPAY"

    return check


_shows(Fault.REFUSE_CONNECTION)(_unprocessed(Fault.REFUSE_CONNECTION, TransportAct.REFUSE))
_shows(Fault.RESET_BEFORE_PROCESSING)(_unprocessed(Fault.RESET_BEFORE_PROCESSING, TransportAct.RESET))
_shows(Fault.HANG)(_unprocessed(Fault.HANG, TransportAct.HANG))
_shows(Fault.RESET_AFTER_PROCESSING)(_processed(Fault.RESET_AFTER_PROCESSING, TransportAct.RESET))
_shows(Fault.PROCESS_THEN_HANG)(_processed(Fault.PROCESS_THEN_HANG, TransportAct.HANG))
_shows(Fault.RESET_IN_BODY)(_processed(Fault.RESET_IN_BODY, TransportAct.RESET_IN_BODY))
_shows(Fault.TRUNCATED_BODY)(_processed(Fault.TRUNCATED_BODY, TransportAct.TRUNCATE))


@_shows(Fault.SLOW_DRIP)
def _slow_drip(merchant: Merchant) -> None:
    put(merchant, Rule(fault=Fault.SLOW_DRIP, endpoint=Endpoint.ORDER, seconds=2))
    answer = merchant.place("ORDER0001")
    assert (answer.act, answer.seconds) == (TransportAct.DRIP, 2)
    assert merchant.believes(answer.headers, answer.body)


@_shows(Fault.WRONG_CONTENT_LENGTH)
def _wrong_content_length(merchant: Merchant) -> None:
    put(merchant, Fault.WRONG_CONTENT_LENGTH)
    answer = merchant.place("ORDER0001")
    assert int(answer.headers["Content-Length"]) == len(answer.body) // 2
    assert not merchant.believes(answer.headers, answer.body[: len(answer.body) // 2])


@_shows(Fault.HTML_502)
def _html_502(merchant: Merchant) -> None:
    put(merchant, Fault.HTML_502)
    answer = merchant.place("ORDER0001")
    assert (answer.status, answer.headers["Content-Type"]) == (502, "text/html")
    assert b"<html>" in answer.body
    assert not _is_known(merchant, "ORDER0001")


@_shows(Fault.REDIRECT)
def _redirect(merchant: Merchant) -> None:
    put(merchant, Fault.REDIRECT)
    answer = merchant.place("ORDER0001")
    assert (answer.status, answer.headers["Location"]) == (302, "/v3/moved")
    assert not _is_known(merchant, "ORDER0001")


def _unbelievable(fault: Fault) -> Check:
    def check(merchant: Merchant) -> None:
        put(merchant, fault)
        answer = merchant.place("ORDER0001")
        assert answer.status == 200
        assert not merchant.believes(answer.headers, answer.body)
        assert _is_known(merchant, "ORDER0001")

    return check


for _fault in (
    Fault.BAD_SIGNATURE,
    Fault.PROBE_SIGNATURE,
    Fault.UNKNOWN_SERIAL,
    Fault.STALE_TIMESTAMP,
    Fault.FUTURE_TIMESTAMP,
    Fault.SIGNED_OTHER_BYTES,
    Fault.MISSING_HEADERS,
):
    _shows(_fault)(_unbelievable(_fault))


def test_unbelievable_answers_differ_in_just_what_they_say(merchant: Merchant) -> None:
    def answered(fault: Fault) -> Answer:
        merchant.gateway.faults.clear()
        put(merchant, fault)
        return merchant.place("ORDER0001")

    keys = merchant.gateway.keys
    assert answered(Fault.PROBE_SIGNATURE).headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert answered(Fault.UNKNOWN_SERIAL).headers["Wechatpay-Serial"] != keys.public_key_id
    assert "Wechatpay-Signature" not in answered(Fault.MISSING_HEADERS).headers
    for fault, away in ((Fault.STALE_TIMESTAMP, -3600), (Fault.FUTURE_TIMESTAMP, 3600)):
        headers, body = (answer := answered(fault)).headers, answer.body
        assert int(headers["Wechatpay-Timestamp"]) - int(START.timestamp()) == away
        text = signed_text(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], body)
        assert is_signed_by(keys.platform_private_key.public_key(), text, headers["Wechatpay-Signature"])


def _signed_but_odd(merchant: Merchant, fault: Fault) -> Answer:
    merchant.placed("ORDER0001", changes={"attach": "账单"})
    merchant.pay("ORDER0001")
    put(merchant, fault)
    answer = merchant.ask("ORDER0001")
    assert merchant.believes(answer.headers, answer.body)
    return answer


@_shows(Fault.WRONG_CONTENT_TYPE)
def _wrong_content_type(merchant: Merchant) -> None:
    assert _signed_but_odd(merchant, Fault.WRONG_CONTENT_TYPE).headers["Content-Type"] == "text/plain"


@_shows(Fault.GBK_BODY)
def _gbk_body(merchant: Merchant) -> None:
    answer = _signed_but_odd(merchant, Fault.GBK_BODY)
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()
    assert json.loads(answer.body.decode("gbk"))["trade_state_desc"] == "支付成功"


@_shows(Fault.REORDERED_FIELDS)
def _reordered_fields(merchant: Merchant) -> None:
    answer = _signed_but_odd(merchant, Fault.REORDERED_FIELDS)
    usual = content_of(merchant.ask("ORDER0001"))
    assert content_of(answer) == usual
    assert list(content_of(answer)) == list(reversed(usual))
    assert b"\n   " in answer.body


@_shows(Fault.UNKNOWN_EXTRA_FIELDS)
def _unknown_extra_fields(merchant: Merchant) -> None:
    content = content_of(_signed_but_odd(merchant, Fault.UNKNOWN_EXTRA_FIELDS))
    assert set(content) - set(content_of(merchant.ask("ORDER0001"))) == {"sandbox_new_field", "sandbox_new_object"}


@_shows(Fault.MISSING_OPTIONAL_FIELDS)
def _missing_optional_fields(merchant: Merchant) -> None:
    content = content_of(_signed_but_odd(merchant, Fault.MISSING_OPTIONAL_FIELDS))
    missing = set(content_of(merchant.ask("ORDER0001"))) - set(content)
    assert missing == {"attach", "bank_type", "promotion_detail", "trade_state_desc", "payer"}


@_shows(Fault.ERROR_CODE)
def _error_code(merchant: Merchant) -> None:
    for place, code in enumerate(ErrorCode):
        number = f"ORDER{place:04d}"
        put(merchant, Rule(fault=Fault.ERROR_CODE, endpoint=Endpoint.ORDER, code=code))
        answer = merchant.place(number)
        assert (answer.status, code_of(answer)) == (STATUS_OF[code], code)
        assert "Wechatpay-Signature" not in answer.headers
        assert not _is_known(merchant, number)


@_shows(Fault.ERROR_CODE_AFTER_PROCESSING)
def _error_code_after_processing(merchant: Merchant) -> None:
    put(merchant, Rule(fault=Fault.ERROR_CODE_AFTER_PROCESSING, endpoint=Endpoint.ORDER))
    answer = merchant.place("ORDER0001")
    assert (answer.status, code_of(answer)) == (500, ErrorCode.SYSTEM_ERROR)
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "NOTPAY"


def test_burst_of_429_ends_by_itself(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    code = ErrorCode.FREQUENCY_LIMITED
    put(merchant, Rule(fault=Fault.ERROR_CODE, endpoint=Endpoint.QUERY, times=3, code=code))
    assert [merchant.ask("ORDER0001").status for _ in range(5)] == [429, 429, 429, 200, 200]


@_shows(Fault.PAYER_HAS_NOT_ENOUGH)
def _payer_has_not_enough(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    put(merchant, Fault.PAYER_HAS_NOT_ENOUGH)
    with pytest.raises(SandboxRefusal, match="余额不足"):
        merchant.pay("ORDER0001")
    assert merchant.gateway.due_notices() == []
    assert merchant.pay("ORDER0001").state is TradeState.SUCCESS


@_shows(Fault.BEFORE_CREATE_ANSWER)
def _before_create_answer(merchant: Merchant) -> None:
    gateway = merchant.gateway
    heard: list[OutgoingNotice] = []
    gateway.before_answer = lambda: heard.extend(merchant.hear(200))
    put(merchant, Fault.BEFORE_CREATE_ANSWER)
    request = merchant.request("POST", f"{ORDERS}/h5", merchant.body("ORDER0001"))
    status, headers, body = gateway.handle("POST", request.path, "", request.headers, request.body)
    assert [one.out_trade_no for one in heard] == ["ORDER0001"]
    assert status == 200
    assert merchant.believes(headers, body)


def test_paid_and_noticed_while_the_creator_hears_nothing(merchant: Merchant) -> None:
    put(merchant, Fault.BEFORE_CREATE_ANSWER)
    put(merchant, Rule(fault=Fault.PROCESS_THEN_HANG, endpoint=Endpoint.ORDER))
    assert _failed_place(merchant, "ORDER0001").is_processed
    assert len(merchant.hear(200)) == 1
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "SUCCESS"


def _noticed(merchant: Merchant, rule: Rule | Fault, number: str = "ORDER0001") -> list[OutgoingNotice]:
    merchant.placed(number)
    merchant.pay(number)
    put(merchant, rule)
    return merchant.hear(200)


@_shows(Fault.NOTICE_DROP)
def _drop(merchant: Merchant) -> None:
    assert _noticed(merchant, Fault.NOTICE_DROP) == []
    merchant.gateway.clock.advance(15)
    assert len(merchant.hear(200)) == 1
    (notice,) = merchant.gateway.notices.listed()
    attempts = notice["attempts"]
    assert isinstance(attempts, list)
    assert [one["outcome"] for one in attempts] == ["dropped", "200"]


@_shows(Fault.NOTICE_DELAY)
def _delay(merchant: Merchant) -> None:
    assert _noticed(merchant, Rule(fault=Fault.NOTICE_DELAY, endpoint=Endpoint.NOTICE, seconds=90)) == []
    merchant.gateway.clock.advance(89)
    assert merchant.hear(200) == []
    merchant.gateway.clock.advance(1)
    assert len(merchant.hear(200)) == 1


@_shows(Fault.NOTICE_STOP_AFTER_TRIES)
def _stop_after_tries(merchant: Merchant) -> None:
    rule = Rule(fault=Fault.NOTICE_STOP_AFTER_TRIES, endpoint=Endpoint.NOTICE, times=0, count=2)
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    put(merchant, rule)
    sent_count = 0
    for _ in range(5):
        sent_count += len(merchant.hear(500))
        merchant.gateway.clock.advance(86400)
    assert sent_count == 2


@_shows(Fault.NOTICE_DUPLICATE)
def _duplicate(merchant: Merchant) -> None:
    messages = _noticed(merchant, Rule(fault=Fault.NOTICE_DUPLICATE, endpoint=Endpoint.NOTICE, count=2))
    assert [(one.is_extra, one.is_concurrent) for one in messages] == [(False, False), (True, False), (True, False)]
    assert len({one.body for one in messages}) == 1
    assert len({one.burst for one in messages}) == 1


@_shows(Fault.NOTICE_DUPLICATE_CONCURRENT)
def _duplicate_concurrent(merchant: Merchant) -> None:
    rule = Rule(fault=Fault.NOTICE_DUPLICATE_CONCURRENT, endpoint=Endpoint.NOTICE, count=99)
    messages = _noticed(merchant, rule)
    assert len(messages) == 100
    assert all(one.is_concurrent for one in messages)


@_shows(Fault.NOTICE_OUT_OF_ORDER)
def _out_of_order(merchant: Merchant) -> None:
    assert _noticed(merchant, Fault.NOTICE_OUT_OF_ORDER) == []
    merchant.placed("ORDER0002")
    merchant.pay("ORDER0002")
    assert [one.out_trade_no for one in merchant.hear(200)] == ["ORDER0002"]
    assert [one.out_trade_no for one in merchant.hear(200)] == ["ORDER0001"]


@_shows(Fault.NOTICE_REPLAYED_OLD)
def _replayed_old(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    (first,) = merchant.hear(200)
    merchant.gateway.clock.advance(3600)
    old, fresh = _noticed(merchant, Fault.NOTICE_REPLAYED_OLD, "ORDER0002")
    assert (old.headers, old.body, old.is_extra) == (first.headers, first.body, True)
    assert not merchant.believes(old.headers, old.body)
    assert merchant.believes(fresh.headers, fresh.body)


def _spoils(fault: Fault, name: str, value: Callable[[WeChatGateway], object]) -> Check:
    """A properly signed notice in which one fact is wrong."""

    def check(merchant: Merchant) -> None:
        (message,) = _noticed(merchant, fault)
        assert merchant.believes(message.headers, message.body)
        told = merchant.opened(message.body)
        true = content_of(merchant.ask("ORDER0001"))
        assert told is not None
        assert {key for key in true if told[key] != true[key]} == {name}
        expected = value(merchant.gateway)
        assert expected is None or told[name] == expected

    return check


_WRONG_AMOUNT = {"total": 38001, "payer_total": 38001, "currency": "CNY", "payer_currency": "CNY"}
_USD = {"total": 38000, "payer_total": 38000, "currency": "USD", "payer_currency": "USD"}
_shows(Fault.NOTICE_WRONG_AMOUNT)(_spoils(Fault.NOTICE_WRONG_AMOUNT, "amount", lambda _: _WRONG_AMOUNT))
_shows(Fault.NOTICE_WRONG_CURRENCY)(_spoils(Fault.NOTICE_WRONG_CURRENCY, "amount", lambda _: _USD))
_shows(Fault.NOTICE_WRONG_MERCHANT)(_spoils(Fault.NOTICE_WRONG_MERCHANT, "mchid", lambda _: "1900000001"))
_shows(Fault.NOTICE_WRONG_APP)(_spoils(Fault.NOTICE_WRONG_APP, "appid", lambda _: "wx0000000000000001"))
_shows(Fault.NOTICE_WRONG_ORDER)(_spoils(Fault.NOTICE_WRONG_ORDER, "out_trade_no", lambda _: None))
_shows(Fault.NOTICE_WRONG_STATE)(_spoils(Fault.NOTICE_WRONG_STATE, "trade_state", lambda _: "NOTPAY"))


def _unbelievable_notice(fault: Fault) -> Check:
    """A notice with true facts that a careful merchant must refuse."""

    def check(merchant: Merchant) -> None:
        (message,) = _noticed(merchant, fault)
        assert not merchant.believes(message.headers, message.body)
        assert merchant.opened(message.body) == content_of(merchant.ask("ORDER0001"))

    return check


for _fault in (
    Fault.NOTICE_FORGED,
    Fault.NOTICE_PROBE_SIGNATURE,
    Fault.NOTICE_UNKNOWN_SERIAL,
    Fault.NOTICE_STALE,
    Fault.NOTICE_FUTURE,
    Fault.NOTICE_SIGNED_OTHER_BYTES,
    Fault.NOTICE_MISSING_HEADERS,
):
    _shows(_fault)(_unbelievable_notice(_fault))


def test_refused_once_is_told_truly_on_the_next_rung(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    put(merchant, Fault.NOTICE_FORGED)
    (forged,) = merchant.hear(401)
    assert not merchant.believes(forged.headers, forged.body)
    merchant.gateway.clock.advance(15)
    (true,) = merchant.hear(200)
    assert merchant.believes(true.headers, true.body)


@_shows(Fault.NOTICE_TAMPERED_RESOURCE)
def _tampered_resource(merchant: Merchant) -> None:
    (message,) = _noticed(merchant, Fault.NOTICE_TAMPERED_RESOURCE)
    assert merchant.believes(message.headers, message.body)
    assert merchant.opened(message.body) is None


@_shows(Fault.NOTICE_PLAIN_TEXT)
def _plain_text(merchant: Merchant) -> None:
    (message,) = _noticed(merchant, Fault.NOTICE_PLAIN_TEXT)
    assert merchant.believes(message.headers, message.body)
    resource = json.loads(message.body)["resource"]
    assert "ciphertext" not in resource
    assert resource["out_trade_no"] == "ORDER0001"


@_shows(Fault.NOTICE_XML)
def _xml(merchant: Merchant) -> None:
    (message,) = _noticed(merchant, Fault.NOTICE_XML)
    assert message.headers["Content-Type"] == "text/xml"
    assert b"<out_trade_no>ORDER0001</out_trade_no>" in message.body
    assert b"<total_fee>38000</total_fee>" in message.body


@_shows(Fault.PAID_AFTER_CLOSE)
def _paid_after_close(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    put(merchant, Fault.PAID_AFTER_CLOSE)
    assert merchant.close("ORDER0001").status == 204
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "SUCCESS"
    assert len(merchant.hear(200)) == 1


@_shows(Fault.PAID_WHILE_CLOSING)
def _paid_while_closing(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    put(merchant, Fault.PAID_WHILE_CLOSING)
    assert code_of(merchant.close("ORDER0001")) is ErrorCode.TRADE_ERROR
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "SUCCESS"
    assert len(merchant.hear(200)) == 1


@pytest.mark.parametrize("fault", [Fault.PAID_WHILE_CLOSING, Fault.PAID_AFTER_CLOSE])
def test_payer_who_cannot_pay_loses_the_race_to_the_close(merchant: Merchant, fault: Fault) -> None:
    merchant.placed("ORDER0001", changes={"time_expire": rfc3339(START + timedelta(minutes=30))})
    payer = merchant.gateway.ledger.default_payer(START)
    merchant.gateway.ledger.set_balance(payer.openid, 0, START)
    merchant.gateway.clock.advance(30 * 60 + 1)
    put(merchant, fault)
    assert merchant.close("ORDER0001").status == 204
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "CLOSED"
    assert merchant.hear(200) == []


def test_close_of_an_expired_order_is_never_overtaken_by_a_payment(merchant: Merchant) -> None:
    merchant.placed("ORDER0001", changes={"time_expire": rfc3339(START + timedelta(minutes=30))})
    merchant.gateway.clock.advance(30 * 60 + 1)
    put(merchant, Fault.PAID_WHILE_CLOSING)
    assert merchant.close("ORDER0001").status == 204
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "CLOSED"


@_shows(Fault.PAID_AFTER_EXPIRY)
def _paid_after_expiry(merchant: Merchant) -> None:
    merchant.placed("ORDER0001", changes={"time_expire": rfc3339(START + timedelta(minutes=30))})
    put(merchant, Fault.PAID_AFTER_EXPIRY)
    merchant.gateway.clock.advance(30 * 60 + 1)
    (message,) = merchant.hear(200)
    told = merchant.opened(message.body)
    assert told is not None
    assert told["success_time"] == rfc3339(START + timedelta(minutes=30, seconds=1))


@_shows(Fault.PAYER_PAYS_TWICE)
def _payer_pays_twice(merchant: Merchant) -> None:
    for number, bill in (("ORDER0001", "bill-1"), ("ORDER0002", "bill-1"), ("ORDER0003", "bill-2")):
        merchant.placed(number, changes={"attach": bill})
    put(merchant, Fault.PAYER_PAYS_TWICE)
    merchant.pay("ORDER0002")
    assert sorted(one.out_trade_no for one in merchant.hear(200)) == ["ORDER0001", "ORDER0002"]
    assert content_of(merchant.ask("ORDER0003"))["trade_state"] == "NOTPAY"


@pytest.mark.parametrize("fault", list(Fault), ids=str)
def test_each_fault_does_what_the_catalogue_says(merchant: Merchant, fault: Fault) -> None:
    shown = {**SHOWN, **REFUND_FAULTS, **BILL_FAULTS}
    assert len(shown) == len(SHOWN) + len(REFUND_FAULTS) + len(BILL_FAULTS)
    assert set(shown) == set(Fault) == set(CATALOGUE)
    shown[fault](merchant)
