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
from tests.world import PAYER, World, stranger_id


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


def test_number_that_nobody_knows_is_refused_in_a_sentence(world: World) -> None:
    shown = CliRunner().invoke(app, ["order", make_no(world.region, Kind.ORDER, stranger_id(1))])
    assert shown.exit_code == 2
    assert "check the number" in shown.output
