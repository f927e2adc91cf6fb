"""Every word of WeChat's has one meaning per call, and a word never seen before means that we do not know."""

from __future__ import annotations

import pytest

from canbao.channels.interface import Outcome
from canbao.channels.wechat.codes import (
    MEANINGS,
    TRADE_STATES,
    Call,
    Code,
    TradeState,
    outcome_of_error,
    outcome_of_state,
)

R, U = Outcome.REFUSED, Outcome.UNKNOWN

# Copied by hand from the channel's pages: status, code, then the outcome of placing, asking, closing.
DOCUMENTED = [
    (400, "PARAM_ERROR", R, U, R),
    (400, "INVALID_REQUEST", R, U, R),
    (400, "APPID_MCHID_NOT_MATCH", R, U, R),
    (400, "MCH_NOT_EXISTS", R, U, R),
    (400, "ORDER_CLOSED", R, U, R),
    (400, "NO_STATEMENT_EXIST", U, U, U),
    (400, "STATEMENT_CREATING", U, U, U),
    (401, "SIGN_ERROR", R, U, R),
    (403, "NO_AUTH", R, U, R),
    (403, "RULE_LIMIT", R, U, R),
    (403, "TRADE_ERROR", R, U, R),
    (403, "OUT_TRADE_NO_USED", U, U, U),
    (403, "NOT_ENOUGH", U, U, U),
    (403, "USER_ACCOUNT_ABNORMAL", U, U, U),
    (403, "TRADE_OVERDUE", U, U, U),
    (403, "REFUND_FEE_MISMATCH", U, U, U),
    (404, "ORDER_NOT_EXIST", U, R, R),
    (404, "RESOURCE_NOT_EXISTS", U, U, U),
    (429, "FREQUENCY_LIMITED", U, U, U),
    (500, "SYSTEM_ERROR", U, U, U),
]


@pytest.mark.parametrize(("status", "code", "place", "ask", "close"), DOCUMENTED)
def test_documented_code_has_one_outcome_per_call(
    status: int, code: str, place: Outcome, ask: Outcome, close: Outcome
) -> None:
    assert outcome_of_error(Call.PLACE, status, code) is place
    assert outcome_of_error(Call.ASK, status, code) is ask
    assert outcome_of_error(Call.CLOSE, status, code) is close


def test_table_is_complete() -> None:
    assert {row[1] for row in DOCUMENTED} == {code.value for code in Code} == {code.value for code in MEANINGS}
    assert set(TRADE_STATES) == set(TradeState)


@pytest.mark.parametrize("call", list(Call))
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "SOMETHING_NEW"),
        (400, ""),
        (404, ""),
        (500, "PARAM_ERROR"),
        (429, "PARAM_ERROR"),
        (200, "PARAM_ERROR"),
        (302, "ORDER_NOT_EXIST"),
        (400, "ORDER_NOT_EXIST"),
        (400, "param_error"),
    ],
)
def test_new_code_or_wrong_status_is_unknown(call: Call, status: int, code: str) -> None:
    assert outcome_of_error(call, status, code) is Outcome.UNKNOWN


@pytest.mark.parametrize("call", list(Call))
def test_no_code_is_believed_under_redirect_throttling_or_fault(call: Call) -> None:
    statuses = [*range(300, 400), 429, *range(500, 600)]
    assert {outcome_of_error(call, status, code) for code in Code for status in statuses} == {Outcome.UNKNOWN}


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("SUCCESS", Outcome.CONFIRMED),
        ("REFUND", Outcome.CONFIRMED),
        ("NOTPAY", Outcome.WAITING),
        ("USERPAYING", Outcome.WAITING),
        ("CLOSED", Outcome.REFUSED),
        ("REVOKED", Outcome.REFUSED),
        ("PAYERROR", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
        ("success", Outcome.UNKNOWN),
        ("ACCEPT", Outcome.UNKNOWN),
    ],
)
def test_trade_state_has_one_outcome(state: str, outcome: Outcome) -> None:
    assert outcome_of_state(state) is outcome
