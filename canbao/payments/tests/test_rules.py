"""The room's pure decisions: every verdict over every combination of facts, and when silence is asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from canbao.kernel.money import Fen
from canbao.payments.rules import (
    LEASE_S,
    SUSPENDED,
    TO_A_PERSON,
    CaptureFacts,
    KnownCapture,
    OrderFacts,
    Verdict,
    judge,
    next_ask_at,
)
from canbao.payments.states import OrderState

ORDER_NO = "360100P0000000000X"
AMOUNT = Fen(40_000)
OPENED_AT = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
EXPIRES_AT = OPENED_AT + timedelta(minutes=15)

KNOWN = (
    None,
    KnownCapture(order_no=ORDER_NO, amount_fen=AMOUNT),
    KnownCapture(order_no=ORDER_NO, amount_fen=Fen(39_999)),
    KnownCapture(order_no="360100P0000000001X", amount_fen=AMOUNT),
    KnownCapture(order_no="", amount_fen=Fen(1)),
)
ORDERS = (
    None,
    *(
        OrderFacts(state=state, amount_fen=Fen(amount), channel_code=channel)
        for state, amount, channel in product(OrderState, (39_999, 40_000, 40_001), ("wechat", "other"))
    ),
)


def expected(seen: CaptureFacts, order: OrderFacts | None, known: KnownCapture | None) -> Verdict:
    """The first verdict that is true, read from a table in the order that `Verdict` promises."""
    is_there = order is not None and order.channel_code == "wechat"
    state = order.state if order is not None else None
    table = {
        Verdict.EXISTS: known == KNOWN[1],
        Verdict.EXISTS_WITH_OTHER_CONTENT: known is not None,
        Verdict.NOT_OURS: not seen.is_ours,
        Verdict.CURRENCY_DIFFERS: seen.currency != "CNY",
        Verdict.ORDER_NOT_FOUND: not is_there,
        Verdict.AMOUNT_DIFFERS: order is not None and order.amount_fen != AMOUNT,
        Verdict.SECOND_CAPTURE: state == "settled",
        Verdict.LATE_CAPTURE: state in {"closed", "expired"},
        Verdict.SETTLED: state in {"open", "placed", "unknown"},
    }
    assert [verdict for verdict in Verdict if verdict in table] == list(table)
    return next(verdict for verdict, is_true in table.items() if is_true)


def test_every_combination_of_facts_has_the_first_verdict_that_is_true() -> None:
    given: dict[Verdict, int] = {}
    for known, order, is_ours, currency in product(KNOWN, ORDERS, (True, False), ("CNY", "USD", "cny", "")):
        seen = CaptureFacts(
            channel_code="wechat", order_no=ORDER_NO, amount_fen=AMOUNT, currency=currency, is_ours=is_ours
        )
        verdict = judge(seen, order, known)
        assert verdict is expected(seen, order, known), (seen, order, known)
        given[verdict] = given.get(verdict, 0) + 1
    assert sum(given.values()) == 5 * 37 * 2 * 4
    assert set(given) == set(Verdict) - {Verdict.BILL_NOT_PAYABLE}
    assert (given[Verdict.SETTLED], given[Verdict.LATE_CAPTURE], given[Verdict.SECOND_CAPTURE]) == (3, 2, 1)


def test_every_verdict_that_books_no_bill_goes_to_a_person() -> None:
    assert set(Verdict) - TO_A_PERSON == {Verdict.SETTLED, Verdict.EXISTS}
    assert {Verdict.EXISTS_WITH_OTHER_CONTENT, Verdict.NOT_OURS, Verdict.CURRENCY_DIFFERS} == TO_A_PERSON - SUSPENDED


def asked_at(*, late_s: float = 0.0, until_s: int = 9_000) -> list[float]:
    """The seconds after opening at which an order is asked about by one who comes `late_s` after each due time."""
    now = OPENED_AT
    asked: list[float] = []
    while True:
        now = next_ask_at(opened_at=OPENED_AT, expires_at=EXPIRES_AT, now=now) + timedelta(seconds=late_s)
        if now > OPENED_AT + timedelta(seconds=until_s):
            return asked
        asked.append((now - OPENED_AT).total_seconds())


def test_silence_is_asked_about_on_the_schedule() -> None:
    assert asked_at() == [5, 30, 60, 180, 300, 600, 930, 1800, 3600, 5400, 7200, 9000]


def test_one_who_comes_late_leaves_no_step_out() -> None:
    assert asked_at(late_s=1, until_s=2000) == [6, 31, 61, 181, 301, 601, 931, 1801]


@pytest.mark.parametrize(
    "after_s, next_s",
    [(0, 5), (4.9, 5), (5, 30), (29, 30), (61, 180), (599, 600), (600, 930), (929.9, 930), (930, 1800), (1800, 3600)],
)
def test_next_question_is_the_first_step_ahead(after_s: float, next_s: float) -> None:
    now = OPENED_AT + timedelta(seconds=after_s)
    assert next_ask_at(opened_at=OPENED_AT, expires_at=EXPIRES_AT, now=now) == OPENED_AT + timedelta(seconds=next_s)


def test_steps_missed_while_nobody_asked_are_passed_over() -> None:
    now = OPENED_AT + timedelta(days=3)
    assert next_ask_at(opened_at=OPENED_AT, expires_at=EXPIRES_AT, now=now) == now + timedelta(minutes=30)
    assert LEASE_S == 60
