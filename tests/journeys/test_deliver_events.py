"""What follows the money is delivered at least once; an event that cannot be delivered holds up no other."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from canbao.coverage import public as coverage
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.reactions import REACTIONS
from canbao.kernel import outbox
from canbao.kernel.transactions import region_tx
from tests.world import CROWD, FAMILY, PAYER, SHIJIAZHUANG, World, at_once, rows, tamper


def append(world: World, name: str, *payloads: dict[str, object]) -> None:
    """Leave events as a journey does."""
    with region_tx(world.region) as tx:
        outbox.append(tx, name, payloads, now=world.clock.now())


def waiting() -> list[tuple[object, ...]]:
    """Events not delivered yet: name, attempts, last error."""
    return rows(
        "SELECT name, attempts, last_error FROM kernel_outbox_event WHERE delivered_at IS NULL ORDER BY recorded_at, id"
    )


def test_cover_follows_a_settled_order_once(world: World) -> None:
    order = world.open_an_order(*FAMILY)
    world.tell_notice(order)
    assert outbox.regions_with_due_events(world.clock.now()) == [world.region]
    assert deliver_events(world.region, clock=world.clock) == 1
    assert len(coverage.of_bills(world.region, order.bill_ids)) == 4
    assert deliver_events(world.region, clock=world.clock) == 0
    assert outbox.regions_with_due_events(world.clock.now()) == []


def test_poison_event_fails_alone_and_the_others_are_delivered(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:3]]
    for order in orders[:2]:
        world.tell_notice(order)
    append(world, "order.settled", {"order_id": "x", "bill_ids": ["no id"], "paid_at": "no time"})
    world.tell_notice(orders[2])
    with capture_logs() as logs:
        assert deliver_events(world.region, clock=world.clock) == 4
    assert {len(coverage.of_bills(world.region, order.bill_ids)) for order in orders} == {1}
    assert waiting() == [("order.settled", 1, "ValueError")]
    assert [(entry["event"], entry["error"]) for entry in logs] == [("event_not_delivered", "ValueError")]


def test_event_nobody_reacts_to_waits_and_is_told_of(world: World) -> None:
    append(world, "order.danced", {"order_id": "x"})
    assert deliver_events(world.region, clock=world.clock) == 1
    assert waiting() == [("order.danced", 1, "KeyError")]


def test_failed_event_comes_again_later_each_time(world: World) -> None:
    append(world, "order.danced", {"order_id": "x"})
    taken_after = []
    for _ in range(9_000):
        if deliver_events(world.region, clock=world.clock):
            taken_after.append(world.clock.now())
        if len(taken_after) == 8:
            break
        world.clock.advance(timedelta(seconds=1 if len(taken_after) < 4 else 60))
    gaps = [round((after - before).total_seconds()) for before, after in pairwise(taken_after)]
    assert gaps == [1, 5, 30, 120, 600, 3600, 3600]
    assert waiting() == [("order.danced", 8, "KeyError")]


def test_event_that_failed_is_delivered_once_its_cause_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = world.open_an_order(PAYER)
    world.tell_notice(order)
    with monkeypatch.context() as down:
        down.setitem(REACTIONS, "order.settled", (_fail,))
        deliver_events(world.region, clock=world.clock)
    assert waiting() == [("order.settled", 1, "ConnectionError")]
    assert deliver_events(world.region, clock=world.clock) == 0
    world.clock.advance(timedelta(seconds=1))
    assert deliver_events(world.region, clock=world.clock) == 1
    assert len(coverage.of_bills(world.region, order.bill_ids)) == 1
    assert rows("SELECT attempts, last_error FROM kernel_outbox_event WHERE name = 'order.settled'") == [(2, "")]
    assert world.finish() == []


def _fail(*_: object) -> None:
    raise ConnectionError


def test_event_whose_worker_died_is_delivered_after_the_lease(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.tell_notice(order)
    with region_tx(world.region) as tx:
        assert len(outbox.claim(tx, now=world.clock.now(), limit=10)) == 1
    assert deliver_events(world.region, clock=world.clock) == 0
    world.clock.advance(timedelta(seconds=60))
    assert deliver_events(world.region, clock=world.clock) == 1
    assert world.finish() == []


def test_event_delivered_twice_changes_nothing(world: World) -> None:
    order = world.open_an_order(*FAMILY)
    world.tell_notice(order)
    deliver_events(world.region, clock=world.clock)
    before = coverage.of_bills(world.region, order.bill_ids), world.balances()
    assert tamper("UPDATE kernel_outbox_event SET delivered_at = NULL, due_at = recorded_at") == 2
    assert deliver_events(world.region, clock=world.clock) == 2
    assert (coverage.of_bills(world.region, order.bill_ids), world.balances()) == before
    assert world.finish() == []


def test_workers_at_once_share_the_events(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:12]]
    for order in orders:
        world.tell_notice(order)
    taken = at_once(*[partial(deliver_events, world.region, clock=world.clock, limit=4)] * 3)
    assert sum(one for one in taken if isinstance(one, int)) == 12
    assert [len(coverage.of_bills(world.region, order.bill_ids)) for order in orders] == [1] * 12
    assert world.finish() == []


def test_events_of_one_region_are_no_other_regions_business(world: World) -> None:
    world.tell_notice(world.open_an_order(PAYER))
    assert deliver_events(SHIJIAZHUANG, clock=world.clock) == 0
    assert len(waiting()) == 1
