"""Closed days go to the treasury once, for each scheme and due period; what it says is in the books and on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from canbao.doors.citizen.order_reading import order_shown
from canbao.doors.frame.reader import Language
from canbao.journeys.book_treasury import book_treasury, confirm_treasury, return_treasury, send_treasury_again
from canbao.journeys.resolve_discrepancy import propose_resolution, take_discrepancy
from canbao.journeys.tell_order import tell_order
from canbao.kernel.errors import CanbaoError
from canbao.payments.public import Order
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Act, Booking, BookingState, WayToTreasury
from tests.journeys.test_close_day import DAY, close, compared, paid
from tests.world import CHILD, CROWD, PAYER, RELATIVE, World, audit, count, rows, tamper

NEXT = DAY + timedelta(days=1)


def booked(world: World, day_on: date = DAY) -> list[Booking]:
    """Hand the closed days over."""
    return book_treasury(world.region, "wechat", day_on, by="Li", clock=world.clock)


def confirmed(world: World, one: Booking, **how: object) -> Booking:
    """The treasury has the money."""
    given: dict[str, object] = {"by": "Wang", "treasury_ref": "T-77", "booked_on": NEXT, **how}
    return confirm_treasury(one.booking_no, clock=world.clock, **given)  # type: ignore[arg-type]  # as named


def refused(code: str, call: Callable[[], object]) -> None:
    """A refusal by its code that changes no booking and no transfer."""
    before = rows("SELECT * FROM reconciliation_booking"), count("ledger_transfer")
    with pytest.raises(CanbaoError) as raised:
        call()
    assert raised.value.code == f"reconciliation.{code}"
    assert (rows("SELECT * FROM reconciliation_booking"), count("ledger_transfer")) == before


def treasury_stage(world: World, order: Order) -> tuple[str, str]:
    """The third stage of the payer's timeline: its mark and its first line."""
    shown = order_shown(
        world.order(order),
        came_back=False,
        in_wechat=False,
        said_unpaid=False,
        language=Language.SIMPLIFIED,
        clock=world.clock,
    )
    stage = shown.stages[2]
    return stage.mark, str(stage.lines[0])


@pytest.fixture
def order(world: World) -> Order:
    """A payment of a day that is closed."""
    found = paid(world, PAYER, CHILD)
    compared(world)
    close(world)
    return found


def test_closed_day_is_handed_over_once(world: World, order: Order) -> None:
    (one,) = booked(world)
    assert (one.state, one.scheme_code, one.due_from, one.due_until) == ("sent", "390", 202501, 202512)
    assert (one.amount_fen, one.sent_by, one.booking_no[6]) == (order.amount_fen, "Li", "T")
    assert booked(world) == []
    assert reconciliation.bookings(world.region) == [one]
    assert "treasury" not in world.balances()
    assert world.finish() == []


def test_confirmed_money_is_in_the_treasurys_account(world: World, order: Order) -> None:
    (one,) = booked(world)
    done = confirmed(world, one)
    assert done == replace(one, state=BookingState.BOOKED, treasury_ref="T-77", booked_on=NEXT, confirmed_by="Wang")
    assert world.balances()["treasury"] == order.amount_fen
    assert "clearing" not in world.balances()
    refused("booking_wrong_state", lambda: confirmed(world, one))
    assert world.finish() == []


def test_payers_timeline_tells_the_day_expected_and_then_the_day_booked(world: World, order: Order) -> None:
    waiting = treasury_stage(world, order)
    assert waiting[0] == "waiting"
    assert "11月22日" in waiting[1]
    (one,) = booked(world)
    assert treasury_stage(world, order) == waiting
    confirmed(world, one)
    mark, line = treasury_stage(world, order)
    assert mark == "paid"
    assert "2024年11月16日" in line
    assert "预计" not in line


def test_order_of_an_open_day_waits_while_an_earlier_day_is_booked(world: World, order: Order) -> None:
    other = paid(world, RELATIVE)
    (one,) = booked(world)
    confirmed(world, one)
    assert treasury_stage(world, other)[0] == "waiting"
    assert reconciliation.way_to_treasury(world.region, other.order_id).booked_on is None
    assert reconciliation.way_to_treasury(world.region, order.order_id).booked_on == NEXT


def test_second_person_confirms_on_a_day_that_can_be(world: World, order: Order) -> None:
    (one,) = booked(world)
    refused("booking_same_person", lambda: confirmed(world, one, by="li"))
    for ref in ("", " ", "x" * 65, "a\nb"):
        refused("booking_ref_missing", lambda ref=ref: confirmed(world, one, treasury_ref=ref))  # type: ignore[misc]  # per ref
    for on in (DAY, NEXT + timedelta(days=1)):
        refused("booking_day_wrong", lambda on=on: confirmed(world, one, booked_on=on))  # type: ignore[misc]  # per day
    refused("discrepancy_without_name", lambda: confirmed(world, one, by=""))


def test_returned_booking_stands_before_people_until_it_is_handed_over_again(world: World, order: Order) -> None:
    (one,) = booked(world)
    back = return_treasury(one.booking_no, by="Wang", reason="wrong heading", clock=world.clock)
    assert (back.state, back.reason) == ("returned", "wrong heading")
    (found,) = reconciliation.discrepancies(world.region)
    assert (found.kind, found.theirs, found.amount_fen) == ("booking_returned", "wrong heading", order.amount_fen)
    assert booked(world) == []
    take_discrepancy(found.case_no, by="Li", clock=world.clock)
    with pytest.raises(CanbaoError, match="booked_again"):
        propose_resolution(found.case_no, by="Li", act=Act.BOOKED_AGAIN, reason="so", clock=world.clock)
    again = send_treasury_again(one.booking_no, by="Li", cause="heading corrected", clock=world.clock)
    assert (again.state, again.reason, again.booking_no) == ("sent", "", one.booking_no)
    assert reconciliation.discrepancies(world.region) == []
    confirmed(world, again)
    moves = reconciliation.booking_events_of(world.region, one.booking_id)
    assert [(move.event, move.target, move.actor) for move in moves] == [
        ("book", "sent", "Li"), ("return", "returned", "Wang"), ("again", "sent", "Li"), ("confirm", "booked", "Wang"),
    ]  # fmt: skip
    assert world.finish() == []


def test_day_expected_counts_anew_from_the_second_handing_over(world: World, order: Order) -> None:
    (one,) = booked(world)
    assert reconciliation.way_to_treasury(world.region, order.order_id) == WayToTreasury(
        booked_on=None, returned_at=None, sent_again_at=None
    )
    world.advance(days=3)
    returned_at = world.clock.now()
    return_treasury(one.booking_no, by="Wang", reason="wrong heading", clock=world.clock)
    way = reconciliation.way_to_treasury(world.region, order.order_id)
    assert way == WayToTreasury(booked_on=None, returned_at=returned_at, sent_again_at=None)
    mark, line = treasury_stage(world, order)
    assert mark == "unknown"
    assert "2024年11月19日" in line
    assert "退回" in line
    assert "22日" not in line
    world.advance(days=5)
    send_treasury_again(one.booking_no, by="Li", cause="heading corrected", clock=world.clock)
    way = reconciliation.way_to_treasury(world.region, order.order_id)
    assert way == WayToTreasury(booked_on=None, returned_at=None, sent_again_at=world.clock.now())
    # Handed over on the 24th: seven days from there, though the first day expected was the 22nd.
    mark, line = treasury_stage(world, order)
    assert mark == "waiting"
    assert "2024年11月24日" in line
    assert "2024年12月1日" in line
    world.advance(days=8)
    mark, line = treasury_stage(world, order)
    assert (mark, "2024年12月1日" in line, "现在已过" in line) == ("unknown", True, True)
    confirmed(world, one, booked_on=world.clock.today())
    mark, line = treasury_stage(world, order)
    assert (mark, "2024年12月2日" in line) == ("paid", True)
    told = [(one.what, one.source) for one in tell_order(order.order_no).lines if one.source == "treasury"]
    assert told == [("returned", "treasury"), ("sent", "treasury"), ("booked", "treasury")]


def test_second_return_promises_no_day_again(world: World, order: Order) -> None:
    (one,) = booked(world)
    return_treasury(one.booking_no, by="Wang", reason="wrong heading", clock=world.clock)
    send_treasury_again(one.booking_no, by="Li", cause="heading corrected", clock=world.clock)
    world.advance(days=2)
    return_treasury(one.booking_no, by="Wang", reason="wrong account", clock=world.clock)
    way = reconciliation.way_to_treasury(world.region, order.order_id)
    assert (way.booked_on, way.returned_at) == (None, world.clock.now())
    mark, line = treasury_stage(world, order)
    assert (mark, "2024年11月18日" in line, "预计日期" in line) == ("unknown", True, True)


def test_what_refunds_took_out_is_not_booked(world: World, order: Order) -> None:
    """A correction that takes more out than came in waits, and lessens the next booking."""
    booked(world)
    tamper("UPDATE reconciliation_day_total SET refunded_fen = 0")
    paid(world, CROWD[0])
    compared(world, NEXT)
    close(world, day_on=NEXT)
    taken = rows("SELECT collected_fen FROM reconciliation_day_total ORDER BY collected_fen LIMIT 1")
    tamper("UPDATE reconciliation_day_total SET refunded_fen = %s WHERE collected_fen = 40000", 50_000)
    assert taken == [(40_000,)]
    assert booked(world, NEXT) == []
    later = NEXT + timedelta(days=1)
    paid(world, CROWD[1])
    compared(world, later)
    close(world, day_on=later)
    (one,) = booked(world, later)
    assert one.amount_fen == 40_000 + 40_000 - 50_000
    assert count("reconciliation_booking_day") == 3


def test_open_day_is_not_booked(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    refused("day_not_closed", lambda: booked(world))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reconciliation_booking SET amount_fen = amount_fen + 1",
        "UPDATE reconciliation_booking SET state = 'sent', booked_on = NULL",
        "DELETE FROM reconciliation_booking_day",
        "UPDATE ledger_transfer SET cause_id = NULL WHERE kind = 'treasury_booked'",
    ],
)
def test_auditor_finds_bookings_that_the_books_have_otherwise(world: World, order: Order, change: str) -> None:
    confirmed(world, booked(world)[0])
    assert world.finish() == []
    assert tamper(change) == 1
    assert "reconciliation.bookings_are_booked" in {found.auditor for found in audit()}


def test_unknown_number_is_refused(world: World, order: Order) -> None:
    (one,) = booked(world)
    tamper("UPDATE reconciliation_booking SET booking_no = 'another'")
    refused("booking_not_found", lambda: confirmed(world, one))
    refused("booking_not_found", lambda: reconciliation.booking_by_no(one.booking_no))
