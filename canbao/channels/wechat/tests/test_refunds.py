"""A refund over a real wire: what is sent, what each answer and each notice becomes, and that doubt stays doubt."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from canbao.channels.interface import (
    Notice,
    NoticeEvent,
    NoticeRefusal,
    NoticeRefused,
    Outcome,
    RefundAdvice,
    RefundFate,
    RefundTold,
    RequestRefund,
)
from canbao.channels.wechat.codes import (
    REFUND_NOES,
    REFUND_STATES,
    Code,
    RefundState,
    advice_of_refund_error,
    advice_of_refund_query_error,
)
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.tests.far_end import MCHID, FarEnd, Keys, raw_answer
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen

NOW = datetime(2024, 11, 15, 2, 0, 0, tzinfo=UTC)
REFUND_NO = "360100R4M82ZT7K3QX"
REQUEST = RequestRefund(
    refund_no=REFUND_NO,
    order_no="360100P4M82ZT7K3QX",
    trade_ref="4200002400202411150000000001",
    amount_fen=Fen(38000),
    captured_fen=Fen(136000),
    reason="重复缴费退回",
    notify_url="https://pay.example.org/notices/wechat",
)
SUCCEEDED: dict[str, Any] = {
    "refund_id": "50300002400202411150000000002",
    "out_refund_no": REFUND_NO,
    "transaction_id": "4200002400202411150000000001",
    "out_trade_no": "360100P4M82ZT7K3QX",
    "channel": "ORIGINAL",
    "user_received_account": "招商银行信用卡0403",
    "success_time": "2024-11-15T10:00:41+08:00",
    "create_time": "2024-11-15T10:00:02+08:00",
    "status": "SUCCESS",
    "funds_account": "AVAILABLE",
    "amount": {"total": 136000, "refund": 38000, "payer_total": 135000, "payer_refund": 37000, "currency": "CNY"},
    "something_new": {"nobody": ["described"]},
}
TOLD = RefundTold(
    refund_no=REFUND_NO,
    refund_ref="50300002400202411150000000002",
    order_no="360100P4M82ZT7K3QX",
    trade_ref="4200002400202411150000000001",
    amount_fen=Fen(38000),
    captured_fen=Fen(136000),
    currency="CNY",
    merchant_ref=MCHID,
    fate=RefundFate.SUCCEEDED,
    happened_at=datetime(2024, 11, 15, 2, 0, 41, tzinfo=UTC),
    received_account="招商银行信用卡0403",
)
ACCEPTED_AT = datetime(2024, 11, 15, 2, 0, 2, tzinfo=UTC)
FATES = [
    ("SUCCESS", Outcome.CONFIRMED, None, RefundFate.SUCCEEDED),
    ("PROCESSING", Outcome.WAITING, None, RefundFate.PROCESSING),
    ("CLOSED", Outcome.REFUSED, RefundAdvice.NEW_NUMBER, RefundFate.CLOSED),
    ("ABNORMAL", Outcome.REFUSED, RefundAdvice.BY_HAND, RefundFate.ABNORMAL),
]

# Copied by hand from the channel's pages: status, code, what refunding and what asking makes of it.
AGAIN, BY_HAND, NEVER = RefundAdvice.AGAIN, RefundAdvice.BY_HAND, RefundAdvice.NEVER_HEARD
DOCUMENTED = [
    (400, "PARAM_ERROR", BY_HAND, None),
    (400, "INVALID_REQUEST", BY_HAND, None),
    (400, "APPID_MCHID_NOT_MATCH", BY_HAND, None),
    (400, "MCH_NOT_EXISTS", BY_HAND, None),
    (400, "ORDER_CLOSED", None, None),
    (400, "NO_STATEMENT_EXIST", None, None),
    (400, "STATEMENT_CREATING", None, None),
    (400, "TRADE_OVERDUE", BY_HAND, None),
    (400, "REFUND_FEE_MISMATCH", BY_HAND, None),
    (401, "SIGN_ERROR", BY_HAND, None),
    (403, "NO_AUTH", BY_HAND, None),
    (403, "RULE_LIMIT", BY_HAND, None),
    (403, "TRADE_ERROR", BY_HAND, None),
    (403, "OUT_TRADE_NO_USED", None, None),
    (403, "NOT_ENOUGH", AGAIN, None),
    (403, "USER_ACCOUNT_ABNORMAL", BY_HAND, None),
    (403, "TRADE_OVERDUE", BY_HAND, None),
    (403, "REFUND_FEE_MISMATCH", BY_HAND, None),
    (404, "ORDER_NOT_EXIST", None, None),
    (404, "RESOURCE_NOT_EXISTS", BY_HAND, NEVER),
    (429, "FREQUENCY_LIMITED", None, None),
    (500, "SYSTEM_ERROR", None, None),
]


@pytest.mark.parametrize(("status", "code", "refunding", "asking"), DOCUMENTED)
def test_documented_code_asks_one_thing_of_us(
    wechat: WeChatConnector,
    far_end: FarEnd,
    status: int,
    code: str,
    refunding: RefundAdvice | None,
    asking: RefundAdvice | None,
) -> None:
    far_end.answers(status, {"code": code, "message": "whatever it says"})
    for answer, advice in (
        (wechat.refund(REQUEST, now=NOW), refunding),
        (wechat.ask_refund(REFUND_NO, now=NOW), asking),
    ):
        outcome = Outcome.UNKNOWN if advice is None else Outcome.REFUSED
        assert (answer.outcome, answer.advice, answer.told, answer.foreign_code) == (outcome, advice, None, code)
        assert answer.evidence.status == status


def test_tables_are_complete() -> None:
    assert {row[1] for row in DOCUMENTED} == {code.value for code in Code}
    assert {row[1] for row in DOCUMENTED if row[2] is not None} == {code.value for code in REFUND_NOES}
    assert {row[0] for row in FATES} == {state.value for state in REFUND_STATES} == set(RefundState)


def test_no_code_is_believed_under_another_status() -> None:
    documented = {(status, code) for status, code, *_ in DOCUMENTED}
    for status in (200, 204, 302, 400, 401, 403, 404, 429, 500, 502):
        for code in [*Code, "SOMETHING_NEW", ""]:
            if (status, code) not in documented:
                assert advice_of_refund_error(status, code) is None, (status, code)
                assert advice_of_refund_query_error(status, code) is None, (status, code)


def test_refund_is_asked_for_with_every_field(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, SUCCEEDED)
    answer = wechat.refund(REQUEST, now=NOW)
    [request] = far_end.received
    assert (request.method, request.target) == ("POST", "/v3/refund/domestic/refunds")
    assert json.loads(request.body) == {
        "transaction_id": "4200002400202411150000000001",
        "out_refund_no": REFUND_NO,
        "reason": "重复缴费退回",
        "notify_url": "https://pay.example.org/notices/wechat",
        "amount": {"refund": 38000, "total": 136000, "currency": "CNY"},
    }
    assert (answer.outcome, answer.told, answer.advice, answer.foreign_code) == (
        Outcome.CONFIRMED,
        TOLD,
        None,
        "SUCCESS",
    )
    assert REFUND_NO in answer.evidence.request


def test_refund_without_a_reason_sends_none(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, SUCCEEDED)
    wechat.refund(replace(REQUEST, reason=""), now=NOW)
    assert "reason" not in json.loads(far_end.received[0].body)


def test_refund_is_asked_about_by_our_number(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, SUCCEEDED)
    assert wechat.ask_refund(REFUND_NO, now=NOW).told == TOLD
    [request] = far_end.received
    assert (request.method, request.target) == ("GET", f"/v3/refund/domestic/refunds/{REFUND_NO}")


@pytest.mark.parametrize(("state", "outcome", "advice", "fate"), FATES)
def test_each_state_has_one_outcome(
    wechat: WeChatConnector,
    far_end: FarEnd,
    state: str,
    outcome: Outcome,
    advice: RefundAdvice | None,
    fate: RefundFate,
) -> None:
    content = {**SUCCEEDED, "status": state}
    if fate is not RefundFate.SUCCEEDED:
        del content["success_time"]
    far_end.answers(200, content)
    happened_at = TOLD.happened_at if fate is RefundFate.SUCCEEDED else ACCEPTED_AT
    for answer in (wechat.refund(REQUEST, now=NOW), wechat.ask_refund(REFUND_NO, now=NOW)):
        assert (answer.outcome, answer.advice, answer.foreign_code) == (outcome, advice, state)
        assert answer.told == replace(TOLD, fate=fate, happened_at=happened_at)


@pytest.mark.parametrize("state", ["", "success", "REFUNDED", "FAIL", "CHANGE", None, 1, "x" * 500])
def test_state_never_seen_before_is_unknown(wechat: WeChatConnector, far_end: FarEnd, state: object) -> None:
    far_end.answers(200, {**SUCCEEDED, "status": state})
    answer = wechat.ask_refund(REFUND_NO, now=NOW)
    assert (answer.outcome, answer.told, answer.advice) == (Outcome.UNKNOWN, None, None)
    assert len(answer.foreign_code) <= 64


MISSING = ["refund_id", "transaction_id", "out_trade_no", "amount", "success_time"]


@pytest.mark.parametrize("field", MISSING)
def test_half_an_answer_is_no_answer(wechat: WeChatConnector, far_end: FarEnd, field: str) -> None:
    far_end.answers(200, {**SUCCEEDED, field: None})
    answer = wechat.ask_refund(REFUND_NO, now=NOW)
    assert (answer.outcome, answer.told) == (Outcome.UNKNOWN, None)


@pytest.mark.parametrize("field", MISSING[:-1])
def test_refund_in_work_needs_no_more_words(wechat: WeChatConnector, far_end: FarEnd, field: str) -> None:
    far_end.answers(200, {**SUCCEEDED, "status": "PROCESSING", field: None})
    answer = wechat.refund(REQUEST, now=NOW)
    assert (answer.outcome, answer.told, answer.advice) == (Outcome.WAITING, None, None)


@pytest.mark.parametrize(
    "amount", [{"total": 136000}, {"refund": 0, "total": 1}, {"refund": "1", "total": 1}, [], True]
)
def test_amount_that_is_none_is_no_answer(wechat: WeChatConnector, far_end: FarEnd, amount: object) -> None:
    far_end.answers(200, {**SUCCEEDED, "amount": amount})
    assert wechat.ask_refund(REFUND_NO, now=NOW).outcome is Outcome.UNKNOWN


def test_answer_about_another_refund_is_no_answer(wechat: WeChatConnector, far_end: FarEnd) -> None:
    for state in RefundState:
        far_end.answers(200, {**SUCCEEDED, "status": state.value, "out_refund_no": "360100R00000000000"})
        assert wechat.refund(REQUEST, now=NOW).outcome is Outcome.UNKNOWN
        assert wechat.ask_refund(REFUND_NO, now=NOW).outcome is Outcome.UNKNOWN


def test_what_differs_from_the_request_is_told_as_it_is(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(
        200, {**SUCCEEDED, "amount": {"refund": 37999, "total": 1, "currency": "USD"}, "mchid": "1900009999"}
    )
    told = wechat.ask_refund(REFUND_NO, now=NOW).told
    assert told is not None
    assert (told.amount_fen, told.captured_fen, told.currency, told.merchant_ref) == (37999, 1, "USD", "1900009999")


def test_broken_wire_is_unknown_and_not_repeated(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.hangs_up()
    answer = wechat.refund(REQUEST, now=NOW)
    assert (answer.outcome, answer.advice, answer.evidence.status) == (Outcome.UNKNOWN, None, None)
    assert len(far_end.received) == 1
    body = json.dumps(SUCCEEDED).encode()
    far_end.script = lambda _request, write: write(raw_answer(200, body, {}))
    assert wechat.refund(REQUEST, now=NOW).outcome is Outcome.UNKNOWN, "unsigned"
    stale = far_end.keys.signed(body, datetime(2024, 11, 15, 1, 0, 0, tzinfo=UTC))
    far_end.script = lambda _request, write: write(raw_answer(200, body, stale))
    assert wechat.ask_refund(REFUND_NO, now=NOW).outcome is Outcome.UNKNOWN, "an hour old"


def test_account_that_received_stays_out_of_logs_and_evidence(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, SUCCEEDED)
    answer = wechat.ask_refund(REFUND_NO, now=NOW)
    assert answer.told is not None
    assert answer.told.received_account == "招商银行信用卡0403"
    assert "0403" not in repr(answer)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(REQUEST, refund_no=""), "refund_no"),
        (replace(REQUEST, refund_no="no|good"), "refund_no"),
        (replace(REQUEST, refund_no="x" * 65), "refund_no"),
        (replace(REQUEST, trade_ref=""), "trade_ref"),
        (replace(REQUEST, amount_fen=Fen(0)), "amount_fen"),
        (replace(REQUEST, amount_fen=Fen(136001)), "amount_fen"),
        (replace(REQUEST, captured_fen=Fen(0)), "captured_fen"),
        (replace(REQUEST, reason="退" * 81), "reason"),
        (replace(REQUEST, reason="a\nb"), "reason"),
        (replace(REQUEST, notify_url=""), "notify_url"),
        (replace(REQUEST, notify_url="http://pay.example.org/notices"), "notify_url"),
        (replace(REQUEST, notify_url="https://pay.example.org/notices?x=1"), "notify_url"),
    ],
)
def test_refund_that_cannot_be_said_is_refused_before_anything_is_sent(
    wechat: WeChatConnector, far_end: FarEnd, wrong: RequestRefund, field: str
) -> None:
    with pytest.raises(CanbaoError) as refused:
        wechat.refund(wrong, now=NOW)
    assert (refused.value.code, refused.value.params) == ("channels.refund_unacceptable", {"field": field})
    if field == "refund_no":
        with pytest.raises(CanbaoError) as refused:
            wechat.ask_refund(wrong.refund_no, now=NOW)
        assert refused.value.code == "channels.refund_unacceptable"
    assert far_end.received == []


def notice_content(state: str) -> dict[str, Any]:
    content = {
        "mchid": MCHID,
        "out_trade_no": "360100P4M82ZT7K3QX",
        "transaction_id": "4200002400202411150000000001",
        "out_refund_no": REFUND_NO,
        "refund_id": "50300002400202411150000000002",
        "refund_status": state,
        "user_received_account": "招商银行信用卡0403",
        "amount": {"total": 136000, "refund": 38000, "payer_total": 136000, "payer_refund": 38000},
    }
    return content | ({"success_time": "2024-11-15T10:00:41+08:00"} if state == "SUCCESS" else {})


def read(wechat: WeChatConnector, keys: Keys, content: dict[str, Any], event: str) -> Notice:
    body = keys.notice(content, NOW, event_type=event)
    return wechat.read_notice(keys.signed(body, NOW), body, now=NOW)


@pytest.mark.parametrize(
    ("state", "fate"),
    [("SUCCESS", RefundFate.SUCCEEDED), ("CLOSED", RefundFate.CLOSED), ("ABNORMAL", RefundFate.ABNORMAL)],
)
def test_notice_tells_a_refunds_end(wechat: WeChatConnector, wechat_keys: Keys, state: str, fate: RefundFate) -> None:
    notice = read(wechat, wechat_keys, notice_content(state), f"REFUND.{state}")
    happened_at = TOLD.happened_at if state == "SUCCESS" else NOW
    assert notice == Notice(
        notice_ref="EV-2024111510000000001",
        event=NoticeEvent.REFUND,
        payment=None,
        happened_at=happened_at,
        refund=replace(TOLD, fate=fate, happened_at=happened_at),
    )
    assert "0403" not in repr(notice)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        ("SUCCESS", "REFUND.CLOSED"),
        ("CLOSED", "REFUND.SUCCESS"),
        ("PROCESSING", "REFUND.PROCESSING"),
        ("SUCCESS", "TRANSACTION.SUCCESS"),
        ("SOMETHING", "REFUND.SOMETHING"),
        ("", "REFUND."),
    ],
)
def test_notice_that_contradicts_itself_is_kept_as_other(
    wechat: WeChatConnector, wechat_keys: Keys, state: str, event: str
) -> None:
    notice = read(wechat, wechat_keys, notice_content(state), event)
    assert (notice.event, notice.refund, notice.payment) == (NoticeEvent.OTHER, None, None)


@pytest.mark.parametrize("field", ["mchid", "out_refund_no", "refund_id", "transaction_id", "amount", "success_time"])
def test_half_a_refund_is_kept_as_other(wechat: WeChatConnector, wechat_keys: Keys, field: str) -> None:
    content = notice_content("SUCCESS")
    del content[field]
    notice = read(wechat, wechat_keys, content, "REFUND.SUCCESS")
    assert (notice.event, notice.refund, notice.happened_at) == (NoticeEvent.OTHER, None, NOW)


def test_notice_of_another_merchant_or_currency_is_told_as_it_is(wechat: WeChatConnector, wechat_keys: Keys) -> None:
    content = notice_content("SUCCESS") | {"mchid": "1900009999"}
    content["amount"] = {"total": 136000, "refund": 37999, "currency": "USD"}
    told = read(wechat, wechat_keys, content, "REFUND.SUCCESS").refund
    assert told is not None
    assert (told.merchant_ref, told.amount_fen, told.currency) == ("1900009999", 37999, "USD")


def test_notice_in_the_form_of_the_second_version_is_refused_and_logged(
    wechat: WeChatConnector, wechat_keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody here has the key of that form, so it cannot be verified; signed or not, it changes nothing."""
    body = b"<xml><return_code>SUCCESS</return_code><req_info>c2VjcmV0</req_info></xml>"
    for headers in ({"Content-Type": "text/xml"}, wechat_keys.signed(body, NOW)):
        caplog.clear()
        with pytest.raises(NoticeRefused) as refused:
            wechat.read_notice(headers, body, now=NOW)
        assert refused.value.reason is NoticeRefusal.MALFORMED
        [record] = caplog.records
        assert record.levelname == "WARNING"
        assert "second version" in record.getMessage()
        assert "c2VjcmV0" not in caplog.text
