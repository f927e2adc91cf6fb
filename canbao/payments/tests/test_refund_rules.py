"""Words about refunds, purely: one verdict each by the promised order, and when silence is asked about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from canbao.channels.interface import RefundAdvice, RefundFate
from canbao.kernel.money import Fen
from canbao.payments.refund_words import account_tail
from canbao.payments.rules import (
    NextStep,
    RefundFacts,
    RefundVerdict,
    RefundWord,
    judge_refund,
    next_refund_ask_at,
    next_step,
)
from canbao.payments.states import REFUND, RefundState

OURS = RefundFacts(
    state=RefundState.SENT,
    channel_code="wechat",
    order_no="P1",
    trade_ref="T1",
    refund_ref="",
    amount_fen=Fen(300),
    captured_fen=Fen(400),
)
TOLD = RefundWord(
    channel_code="wechat",
    order_no="P1",
    trade_ref="T1",
    refund_ref="R1",
    amount_fen=Fen(300),
    captured_fen=Fen(400),
    currency="CNY",
    is_ours=True,
    fate=RefundFate.SUCCEEDED,
)
WRONG: tuple[tuple[RefundVerdict, dict[str, Any]], ...] = (
    (RefundVerdict.REFUND_NOT_OURS, {"is_ours": False}),
    (RefundVerdict.REFUND_CURRENCY_DIFFERS, {"currency": "USD"}),
    (RefundVerdict.REFUND_NUMBERS_DIFFER, {"trade_ref": "T2"}),
    (RefundVerdict.REFUND_AMOUNT_DIFFERS, {"amount_fen": Fen(299)}),
)
"""What can be wrong about a word, in order of precedence."""

FITTING: dict[tuple[str, str], str] = {
    **dict.fromkeys(product(("asked", "checked", "approved", "rejected"), RefundFate), "refund_contradicts"),
    **{(state, "succeeded"): "succeeded" for state in ("sent", "unknown", "by_hand")},
    **{(state, "processing"): "in_work" for state in ("sent", "unknown", "by_hand")},
    **dict.fromkeys(product(("sent", "unknown", "by_hand"), ("closed", "abnormal")), "put_aside"),
    ("succeeded", "succeeded"): "exists",
    ("succeeded", "processing"): "exists",
    ("succeeded", "closed"): "refund_contradicts",
    ("succeeded", "abnormal"): "refund_contradicts",
    ("failed", "succeeded"): "refund_contradicts",
    ("failed", "processing"): "exists",
    ("failed", "closed"): "exists",
    ("failed", "abnormal"): "exists",
}
"""What a word that fits in every number is worth, by our state and the channel's fate: the whole table."""


def test_number_of_nobody_comes_first() -> None:
    for _, change in WRONG:
        assert judge_refund(replace(TOLD, **change), None) is RefundVerdict.REFUND_NOT_FOUND


def test_first_thing_that_is_wrong_decides_in_every_state() -> None:
    for state, fate, place in product(RefundState, RefundFate, range(len(WRONG))):
        changes: dict[str, Any] = {}
        for _, change in WRONG[place:]:
            changes |= change
        word = replace(TOLD, fate=fate, **changes)
        assert judge_refund(word, replace(OURS, state=state)) is WRONG[place][0]


@pytest.mark.parametrize(("state", "fate"), list(product(RefundState, RefundFate)))
def test_fitting_word_is_judged_by_state_and_fate(state: RefundState, fate: RefundFate) -> None:
    assert judge_refund(replace(TOLD, fate=fate), replace(OURS, state=state)) == FITTING[str(state), str(fate)]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"channel_code": "other"}, "refund_not_ours"),
        ({"order_no": "P2"}, "refund_numbers_differ"),
        ({"refund_ref": ""}, "refund_numbers_differ"),
        ({"refund_ref": "R2"}, "refund_numbers_differ"),
        ({"captured_fen": Fen(300)}, "refund_amount_differs"),
    ],
)
def test_every_number_is_compared(change: dict[str, Any], verdict: str) -> None:
    assert judge_refund(replace(TOLD, **change), replace(OURS, refund_ref="R1")) == verdict


def test_machine_has_these_edges_and_no_others() -> None:
    edges = {(source, event, REFUND.target(event)) for event in REFUND.events for source in REFUND.sources(event)}
    assert edges == {
        ("asked", "check", "checked"),
        ("checked", "approve", "approved"),
        ("asked", "reject", "rejected"),
        ("checked", "reject", "rejected"),
        ("approved", "send", "sent"),
        ("sent", "lose", "unknown"),
        ("unknown", "again", "sent"),
        ("by_hand", "again", "sent"),
        ("sent", "succeed", "succeeded"),
        ("unknown", "succeed", "succeeded"),
        ("by_hand", "succeed", "succeeded"),
        ("sent", "fail", "failed"),
        ("unknown", "fail", "failed"),
        ("by_hand", "fail", "failed"),
        ("sent", "put_aside", "by_hand"),
        ("unknown", "put_aside", "by_hand"),
    }
    assert REFUND.terminal == {"succeeded", "failed", "rejected"}


@pytest.mark.parametrize(
    ("advice", "fate", "step"),
    [
        (RefundAdvice.AGAIN, None, NextStep.TOP_UP),
        (RefundAdvice.NEW_NUMBER, None, NextStep.NEW_NUMBER),
        (RefundAdvice.BY_HAND, None, NextStep.LOOK),
        (RefundAdvice.NEVER_HEARD, None, NextStep.LOOK),
        (None, RefundFate.CLOSED, NextStep.NEW_NUMBER),
        (None, RefundFate.ABNORMAL, NextStep.OTHER_ACCOUNT),
        (RefundAdvice.BY_HAND, RefundFate.ABNORMAL, NextStep.OTHER_ACCOUNT),
    ],
)
def test_next_step_of_a_person(advice: RefundAdvice | None, fate: RefundFate | None, step: NextStep) -> None:
    assert next_step(advice, fate) is step


def test_schedule_is_every_minute_for_five_then_slower_then_hourly() -> None:
    sent_at = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
    asked, now = [], sent_at
    while (now - sent_at) < timedelta(hours=4):
        now = next_refund_ask_at(sent_at=sent_at, now=now)
        asked.append(round((now - sent_at).total_seconds() / 60))
    assert asked == [1, 2, 3, 4, 5, 10, 20, 40, 70, 130, 190, 250]


@pytest.mark.parametrize(
    ("told", "tail"),
    [("招商银行信用卡0403", "0403"), ("支付用户零钱", ""), ("", ""), ("12", ""), ("卡\u0661\u0662\u0663\u0664", "")],
)
def test_only_four_digits_of_an_account_are_kept(told: str, tail: str) -> None:
    assert account_tail(told) == tail
