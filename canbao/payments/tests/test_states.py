"""The life of an order: every edge moves exactly the orders it may, in the table and in the database."""

from __future__ import annotations

from itertools import product

import pytest

from canbao.payments import public as payments
from canbao.payments.public import ORDER, OrderState
from canbao.payments.states import LIVE
from canbao.payments.tests.desk import Desk

MOVES = {
    ("open", "place"): "placed",
    ("open", "lose"): "unknown",
    ("open", "refuse"): "closed",
    ("open", "settle"): "settled",
    ("open", "close"): "closed",
    ("open", "expire"): "expired",
    ("placed", "place"): "placed",
    ("placed", "lose"): "unknown",
    ("placed", "settle"): "settled",
    ("placed", "close"): "closed",
    ("placed", "expire"): "expired",
    ("unknown", "place"): "placed",
    ("unknown", "lose"): "unknown",
    ("unknown", "settle"): "settled",
    ("unknown", "close"): "closed",
    ("unknown", "expire"): "expired",
}
"""The whole machine, written down a second time."""

WAYS: dict[str, tuple[str, ...]] = {
    "open": (),
    "placed": ("place",),
    "unknown": ("lose",),
    "closed": ("close",),
    "expired": ("expire",),
}


def test_table_has_these_edges_and_no_others() -> None:
    edges = {(source, event): ORDER.target(event) for event in ORDER.events for source in ORDER.sources(event)}
    assert edges == MOVES
    assert ORDER.terminal == {"settled", "closed", "expired"}
    assert [str(state) for state in LIVE] == ["open", "placed", "unknown"]


@pytest.mark.parametrize("state", [*WAYS, "settled"])
def test_database_moves_an_order_where_the_table_says_so(desk: Desk, state: str) -> None:
    for event in [event for event in ORDER.events if event != "settle"]:
        order = desk.open()
        if state == "settled":
            desk.judge(desk.seen(order.order_no))
        for step in WAYS.get(state, ()):
            desk.move(order, step)
        before = payments.events_of(desk.region, order.order_id)
        assert desk.again(order).state == state
        after = desk.move(order, event)
        moved = payments.events_of(desk.region, order.order_id)
        if (state, event) in MOVES:
            assert after.state == MOVES[state, event]
            assert [(move.event, move.target) for move in moved[len(before) :]] == [(event, MOVES[state, event])]
        else:
            assert (after.state, moved) == (state, before)
        is_over = after.state in ORDER.terminal
        assert (after.ended_at is not None) == is_over
        # Settled is never asked about again; ended unpaid is looked at once more.
        assert (after.next_ask_at is None) == (after.state == "settled")
    assert payments.AUDITORS
    assert [finding for auditor in payments.AUDITORS for finding in auditor(desk.region)] == []


@pytest.mark.parametrize("state", list(OrderState))
def test_order_settles_from_every_live_state_and_from_no_other(desk: Desk, state: OrderState) -> None:
    order = desk.open()
    for step in WAYS.get(state, ()):
        desk.move(order, step)
    if state is OrderState.SETTLED:
        desk.judge(desk.seen(order.order_no))
    (verdict,) = desk.verdicts(desk.seen(order.order_no))
    assert (verdict == "settled") is ((state, "settle") in MOVES)
    assert desk.again(order).state == MOVES.get((state, "settle"), state)


def test_settling_is_not_a_move_that_anybody_may_make(desk: Desk) -> None:
    order = desk.open()
    with pytest.raises(AssertionError, match="settles with the capture"):
        desk.move(order, "settle")
    assert desk.again(order).state == "open"


def test_moves_are_numbered_in_the_order_they_happened_within_one_instant(desk: Desk) -> None:
    orders = [desk.open() for _ in range(8)]
    for order, event in product(orders, ("place", "lose", "place", "lose", "close")):
        desk.move(order, event)
    for order in orders:
        told = [move.event for move in payments.events_of(desk.region, order.order_id)]
        assert told == ["open", "place", "lose", "place", "lose", "close"]
    assert [finding for auditor in payments.AUDITORS for finding in auditor(desk.region)] == []
