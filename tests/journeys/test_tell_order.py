"""One order, told from every room in time order."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from canbao.journeys.book_treasury import book_treasury, confirm_treasury
from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.journeys.tell_order import tell_order
from canbao.kernel.ids import Kind, make_no
from canbao.site.cli.main import app
from tests.journeys.test_close_day import DAY, close, compared, paid
from tests.journeys.test_voucher_after_refund import refund
from tests.world import CHILD, PAYER, World, stranger_id


def test_every_room_tells_of_an_order_in_time_order(world: World) -> None:
    order = paid(world, PAYER)
    assert world.finish() == []
    issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    compared(world)
    close(world)
    (booking,) = book_treasury(world.region, "wechat", DAY, by="Li", clock=world.clock)
    confirm_treasury(
        booking.booking_no, by="Wang", treasury_ref="T-1", booked_on=world.clock.today(), clock=world.clock
    )
    told = tell_order(order.order_no)
    assert [one.at for one in told.lines] == sorted(one.at for one in told.lines)
    by_source = {one.source: one.what for one in told.lines}
    assert sorted(by_source) == [
        "bill", "capture", "cover", "day", "funds", "line", "notice", "order", "query", "transfer", "treasury",
        "voucher",
    ]  # fmt: skip
    assert (by_source["capture"], by_source["notice"], by_source["line"], by_source["treasury"]) == (
        "credited", "payment: settled", "payment success: matched", "booked",
    )  # fmt: skip
    shown = CliRunner().invoke(app, ["order", order.order_no, "--json"])
    assert shown.exit_code == 0
    document = json.loads(shown.stdout)
    assert (document["state"], document["amount_fen"], len(document["lines"])) == ("settled", 40_000, len(told.lines))
    table = CliRunner().invoke(app, ["order", order.order_no.lower()])
    assert (table.exit_code, "settled" in table.stdout, "credited" in table.stdout) == (0, True, True)


def test_what_a_refund_undid_stands_at_the_moment_it_was_undone(world: World) -> None:
    payers, childs = (bill.bill_no for bill in world.bills(PAYER, CHILD))
    order = paid(world, PAYER, CHILD)
    assert world.finish() == []
    paid_at = world.clock.now()
    world.advance(minutes=5)
    refund(world, order, CHILD)
    undone_at = world.clock.now()
    lines = tell_order(order.order_no).lines
    bills = [(one.at, one.what, one.detail.split()[0]) for one in lines if one.source == "bill"]
    assert sorted(bills[:2]) == sorted((order.opened_at, "lock → locked", number) for number in (payers, childs))
    assert sorted(bills[2:4]) == sorted((paid_at, "pay → paid", number) for number in (payers, childs))
    assert bills[4:] == [
        (undone_at, "renew → reversed", childs),
        (undone_at, "negative record", childs),
    ]
    covers = [(one.at, one.what, one.detail) for one in lines if one.source == "cover"]
    assert sorted(covers[:2]) == sorted(
        (paid_at, "write → in_force", f"{number} 2025-01-01 until 2026-01-01") for number in (payers, childs)
    )
    ((at, what, detail),) = covers[2:]
    assert (at, what, detail.split()[:4]) == (undone_at, "end → ended", [childs, "2025-01-01", "until", "2025-01-01"])


def test_cover_that_another_order_paid_is_told_of_there_alone(world: World) -> None:
    first = world.open_an_order(PAYER)
    world.advance(hours=3)
    world.chase()
    second = paid(world, PAYER)
    assert world.finish() == []
    assert first.bill_ids == second.bill_ids
    told = {order.order_no: [one.what for one in tell_order(order.order_no).lines] for order in (first, second)}
    assert [what for what in told[first.order_no] if "→" in what and ("lock" in what or "free" in what)] == [
        "lock → locked",
        "free → due",
    ]
    assert "write → in_force" not in told[first.order_no]
    assert "write → in_force" in told[second.order_no]


def test_number_that_nobody_knows_is_refused_in_a_sentence(world: World) -> None:
    shown = CliRunner().invoke(app, ["order", make_no(world.region, Kind.ORDER, stranger_id(1))])
    assert shown.exit_code == 2
    assert "check the number" in shown.output
