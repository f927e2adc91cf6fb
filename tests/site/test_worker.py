"""The worker runs every loop at once, stops gently, and a region that fails holds up no other."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from canbao.coverage import public as coverage
from canbao.journeys.keep_notices import keep_notices
from canbao.kernel import outbox
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.transactions import region_tx
from canbao.payments.public import OrderState
from canbao.site.worker import chase_once, deliver_once, settle_once, work
from tests.world import CHILD, PAYER, SHIJIAZHUANG, World, rows, stranger_id, tamper, wait_until

SERVED_FIRST = SHIJIAZHUANG
"""A region that is served before Nanchang."""


def break_settling(world: World) -> None:
    """Leave a kept notice in another region whose channel is not known to this installation."""
    keep_notices(world.forged([(make_no(SERVED_FIRST, Kind.ORDER, stranger_id(1)), 100)]))
    assert tamper("UPDATE payments_notice SET channel_code = 'cash' WHERE region_code = %s", SERVED_FIRST) == 1


def test_region_that_cannot_be_settled_holds_up_no_other(world: World) -> None:
    break_settling(world)
    order = world.open_an_order(PAYER)
    world.pay(order)
    keep_notices(world.letters())
    with capture_logs() as logs:
        assert settle_once(world.clock) == 1
    assert world.order(order).state is OrderState.SETTLED
    assert [(entry["event"], entry["region_code"]) for entry in logs] == [("region_failed", SERVED_FIRST)]
    assert rows("SELECT verdict FROM payments_notice WHERE region_code = %s", SERVED_FIRST) == [("",)]
    with pytest.raises(CanbaoError, match=r"channels\.channel_unknown"):
        settle_once(world.clock)
    tamper("UPDATE payments_notice SET channel_code = 'wechat' WHERE region_code = %s", SERVED_FIRST)
    assert settle_once(world.clock) == 1
    assert settle_once(world.clock) == 0


def test_nothing_to_do_is_nothing_done(world: World) -> None:
    assert (settle_once(world.clock), deliver_once(world.clock), chase_once(world.clock)) == (0, 0, 0)


@pytest.mark.slow
def test_worker_settles_delivers_and_asks_until_it_is_told_to_stop(world: World) -> None:
    told, silent = world.open_an_order(PAYER), world.open_an_order(CHILD)
    world.sandbox.pay(out_trade_no=told.order_no)
    world.sandbox.deliver_notices()
    world.sandbox.hold_notices()
    world.sandbox.pay(out_trade_no=silent.order_no)
    break_settling(world)
    with region_tx(world.region) as tx:
        outbox.append(tx, "order.danced", [{"order_id": "x"}], now=world.clock.now())
    stopping = threading.Event()
    worker = threading.Thread(target=work, args=(world.clock,), kwargs={"stop": stopping})
    worker.start()
    try:
        keep_notices(world.letters())
        wait_until(lambda: world.order(told).state is OrderState.SETTLED, "the settlement")
        wait_until(lambda: len(coverage.of_bills(world.region, told.bill_ids)) == 1, "the cover")
        assert world.order(silent).state is OrderState.PLACED
        world.clock.advance(timedelta(seconds=5))
        wait_until(lambda: world.order(silent).state is OrderState.SETTLED, "the answer to our question")
        wait_until(lambda: len(coverage.of_bills(world.region, silent.bill_ids)) == 1, "the other cover")
    finally:
        stopping.set()
        worker.join(30)
    assert not worker.is_alive()
    assert rows("SELECT name FROM kernel_outbox_event WHERE delivered_at IS NULL") == [("order.danced",)]
