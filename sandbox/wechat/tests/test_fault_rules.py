"""When a fault fires: the selection of a rule, its counts, its chance, and the rules that make no sense."""

from __future__ import annotations

import pytest

from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.faults import Endpoint, Fault, FaultBook, Rule, Stage


def test_rule_selects_by_endpoint_number_nth_and_times() -> None:
    book = FaultBook(seed=1)
    rule = Rule(fault=Fault.HANG, endpoint=Endpoint.QUERY, out_trade_no="A*", nth=2, times=2)
    book.add(rule)

    def fires(endpoint: Endpoint, number: str) -> bool:
        return bool(book.take(Stage.CALL, endpoint, number))

    assert not fires(Endpoint.ORDER, "A1")
    assert not fires(Endpoint.QUERY, "B1")
    assert [fires(Endpoint.QUERY, "A1") for _ in range(5)] == [False, True, True, False, False]
    assert not book.take(Stage.NOTICE, Endpoint.NOTICE, "A1")


def test_times_zero_is_always_and_clearing_ends_it() -> None:
    book = FaultBook(seed=1)
    number = book.add(Rule(fault=Fault.HANG, endpoint=Endpoint.ANY, times=0))
    assert all(book.take(Stage.CALL, Endpoint.CLOSE, "A1") for _ in range(50))
    assert book.clear(number) == 1
    assert book.take(Stage.CALL, Endpoint.CLOSE, "A1") == []


def test_chance_is_decided_by_the_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        book = FaultBook(seed)
        book.add(Rule(fault=Fault.HANG, endpoint=Endpoint.ANY, times=0, probability=0.5))
        return [bool(book.take(Stage.CALL, Endpoint.CLOSE, "A1")) for _ in range(200)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 70 < sum(drawn(1)) < 130


@pytest.mark.parametrize(
    "rule",
    [
        Rule(fault=Fault.NOTICE_DROP, endpoint=Endpoint.ORDER),
        Rule(fault=Fault.HANG, endpoint=Endpoint.NOTICE),
        Rule(fault=Fault.HANG, endpoint=Endpoint.ANY, nth=0),
        Rule(fault=Fault.HANG, endpoint=Endpoint.ANY, times=-1),
        Rule(fault=Fault.HANG, endpoint=Endpoint.ANY, probability=0),
        Rule(fault=Fault.HANG, endpoint=Endpoint.ANY, probability=1.1),
        Rule(fault=Fault.HANG, endpoint=Endpoint.ANY, seconds=-1),
        Rule(fault=Fault.NOTICE_DUPLICATE, endpoint=Endpoint.NOTICE, count=101),
        Rule(fault=Fault.NOTICE_WRONG_AMOUNT, endpoint=Endpoint.NOTICE, delta_fen=0),
    ],
)
def test_unsound_rule_is_refused_and_not_kept(rule: Rule) -> None:
    book = FaultBook(seed=1)
    with pytest.raises(SandboxRefusal):
        book.add(rule)
    assert book.rules() == []
