"""Silence is asked about on a schedule, only an explicit answer moves an order, and no bill is freed by guess."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from canbao.channels import catalogue
from canbao.channels.interface import Mode
from canbao.journeys.chase_orders import ask_now, chase_orders, close_order
from canbao.journeys.keep_notices import keep_notices
from canbao.payments import public as payments
from canbao.payments.public import Order, OrderState
from tests.world import CROWD, FULL_FEN, PAYER, RELATIVE, World, at_once, counts, rows, tamper


def asked(world: World, order: Order) -> list[tuple[float, str, str, str]]:
    """What was asked about an order: seconds after opening, verb, outcome, the channel's word."""
    found = rows(
        "SELECT extract(epoch FROM asked_at - %s)::float, verb, outcome, foreign_code FROM payments_exchange "
        "WHERE order_id = %s AND verb <> 'place' ORDER BY asked_at, verb",
        order.opened_at,
        order.order_id,
    )
    return [(float(str(after)), str(verb), str(outcome), str(code)) for after, verb, outcome, code in found]


def chase_until(world: World, order: Order, *, seconds: int, step: int = 5) -> None:
    """Let the worker come by every few seconds."""
    while (world.clock.now() - order.opened_at).total_seconds() < seconds:
        world.advance(seconds=step)
        world.chase()


def test_unpaid_order_is_asked_about_on_the_schedule_then_closed_and_its_bill_freed(world: World) -> None:
    order = world.open_an_order(PAYER)
    chase_until(world, order, seconds=945, step=15)
    assert asked(world, order) == [
        *[(after, "ask", "waiting", "NOTPAY") for after in (15, 30, 60, 180, 300, 600)],
        (930, "ask", "waiting", "NOTPAY"),
        (930, "close", "confirmed", ""),
    ]
    after = world.order(order)
    assert after.ended_at is not None
    assert (after.state, after.next_ask_at) == (OrderState.EXPIRED, after.ended_at + timedelta(minutes=30))
    assert world.sandbox.order(order.order_no)["state"] == "CLOSED"
    assert world.bills(PAYER)[0].state == "due"
    assert world.chase() == 0
    assert world.finish() == []
    assert world.open_an_order(PAYER).state is OrderState.PLACED


def test_first_question_comes_after_five_seconds_and_the_next_after_thirty(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.advance(seconds=4)
    assert world.chase() == 0
    world.advance(seconds=1)
    assert world.chase() == 1
    assert world.order(order).next_ask_at == order.opened_at + timedelta(seconds=30)
    assert world.order(order).asked_count == 1


def test_payers_own_questions_take_no_step_of_the_schedule_away(world: World) -> None:
    order = world.open_an_order(PAYER)
    for _ in range(5):
        world.advance(seconds=4)
        ask_now(world.region, order.order_id, clock=world.clock)
    assert len(asked(world, order)) == 5
    assert world.order(order).next_ask_at == order.opened_at + timedelta(seconds=30)


def test_payment_whose_notice_never_came_is_booked_by_asking(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.hold_notices()
    world.sandbox.pay(out_trade_no=order.order_no)
    world.advance(seconds=5)
    assert world.chase() == 1
    assert world.order(order).state is OrderState.SETTLED
    assert asked(world, order) == [(5, "ask", "confirmed", "SUCCESS")]
    assert rows("SELECT learned_from FROM payments_capture") == [("ask",)]
    world.sandbox.release_notices()
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    assert world.settle().verdicts == {"exists": 1}
    assert world.finish() == []
    assert world.balances()["clearing"] == FULL_FEN


def test_answer_and_notice_at_once_settle_once(world: World) -> None:
    for resident in CROWD[:8]:
        order = world.open_an_order(resident)
        world.pay(order)
        keep_notices(world.letters())
        world.clock.advance(timedelta(seconds=3))
        at_once(
            world.settle,
            partial(ask_now, world.region, order.order_id, clock=world.clock),
            partial(ask_now, world.region, order.order_id, clock=world.clock),
        )
        assert world.order(order).state is OrderState.SETTLED
    assert rows("SELECT count(*), count(DISTINCT order_id), sum(amount_fen) FROM payments_capture") == [
        (8, 8, 8 * FULL_FEN)
    ]
    assert world.finish() == []


def test_order_that_the_channel_never_heard_of_is_doubted_until_its_time_is_over(world: World) -> None:
    world.sandbox.add_fault("reset_before_processing", endpoint="order")
    order = world.open_an_order(PAYER)
    assert order.state is OrderState.UNKNOWN
    chase_until(world, order, seconds=900, step=30)
    assert {outcome for _, _, outcome, _ in asked(world, order)} == {"refused"}
    assert {code for _, _, _, code in asked(world, order)} == {"ORDER_NOT_EXIST"}
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.UNKNOWN, "locked")
    chase_until(world, order, seconds=930, step=30)
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.EXPIRED, "due")
    assert [verb for _, verb, _, _ in asked(world, order)].count("close") == 0
    assert world.finish() == []


def test_order_closed_at_the_channel_is_closed_here_and_its_bill_freed(world: World) -> None:
    order = world.open_an_order(PAYER)
    order_closed_elsewhere(world, order)
    world.advance(seconds=5)
    world.chase()
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.CLOSED, "due")
    assert asked(world, order) == [(5, "ask", "refused", "CLOSED")]
    assert world.finish() == []


def close_without_a_word(world: World, *, fault: str) -> Order:
    """An order that its payer gives up, that ends here, and that is paid all the same; no notice comes through."""
    order = world.open_an_order(PAYER)
    world.sandbox.add_fault(fault, endpoint="close")
    closed = close_order(world.region, order.order_id, clock=world.clock)
    assert (closed.state, world.bills(PAYER)[0].state) == (OrderState.CLOSED, "due")
    world.sandbox.deliver_notices()
    assert len(world.letters()) == 1
    return order


def test_money_taken_after_closing_whose_notices_are_lost_is_found_by_looking_again(world: World) -> None:
    order = close_without_a_word(world, fault="paid_after_close")
    world.advance(seconds=1799)
    assert world.chase() == 0
    world.advance(seconds=1)
    assert world.chase() == 1
    assert world.order(order).state is OrderState.CLOSED
    assert world.bills(PAYER)[0].state == "due"
    assert [(c.disposition, c.reason) for c in payments.captures_of(world.region, order.order_no)] == [
        ("suspended", "late_capture")
    ]
    assert [case.kind for case in payments.open_cases(world.region)] == ["late_capture"]
    assert world.balances()["refund_payable"] == FULL_FEN
    world.advance(seconds=25 * 3600)
    assert world.chase() == 1
    assert world.order(order).next_ask_at is None
    assert len(payments.captures_of(world.region, order.order_no)) == 1
    assert world.finish() == []


def test_ended_order_that_can_still_be_paid_at_the_channel_is_closed_there_again(world: World) -> None:
    world.sandbox.add_fault("error_code", endpoint="order", code="NO_AUTH")
    order = world.open_an_order(PAYER)
    assert order.state is OrderState.CLOSED
    place_behind_our_back(world, order)
    world.advance(seconds=1800)
    assert world.chase() == 1
    assert [said[1:] for said in asked(world, order)] == [("ask", "waiting", "NOTPAY"), ("close", "confirmed", "")]
    assert world.sandbox.order(order.order_no)["state"] == "CLOSED"
    assert world.order(order).next_ask_at == world.clock.now() + timedelta(minutes=30)
    assert world.finish() == []


def place_behind_our_back(world: World, order: Order) -> None:
    """Our own request reaches the channel after all, long after the channel turned its twin down."""
    request = payments.request_of(order, notify_url=world.addresses.notify_url)
    catalogue.connector("wechat").place(request, now=world.clock.now())


def test_look_that_stays_unanswered_is_put_before_a_person(world: World) -> None:
    order = world.open_an_order(PAYER)
    order_closed_elsewhere(world, order)
    world.advance(seconds=5)
    world.chase()
    world.sandbox.add_fault("reset_after_processing", endpoint="query", times=100)
    for hours in (1, 24, 1):
        world.advance(seconds=hours * 3600)
        world.chase()
    assert payments.open_cases(world.region) == []
    world.advance(seconds=2 * 3600)
    world.chase()
    assert [(case.kind, case.order_no) for case in payments.open_cases(world.region)] == [
        ("outcome_overdue", order.order_no)
    ]
    assert world.order(order).state is OrderState.CLOSED


def order_closed_elsewhere(world: World, order: Order) -> None:
    """Close an order at the channel without a word in our books, as an operator at its console does."""
    catalogue.connector("wechat").close(order.order_no, now=world.clock.now())


@pytest.mark.parametrize(
    "fault", ["reset_after_processing", "html_502", "bad_signature", "stale_timestamp", "truncated_body", "redirect"]
)
def test_answer_that_cannot_be_believed_moves_a_paid_order_to_unknown_and_no_further(world: World, fault: str) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.hold_notices()
    world.sandbox.pay(out_trade_no=order.order_no)
    world.sandbox.add_fault(fault, endpoint="query")
    world.advance(seconds=5)
    world.chase()
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.UNKNOWN, "locked")
    assert world.order(order).next_ask_at == order.opened_at + timedelta(seconds=30)
    assert rows("SELECT count(*) FROM payments_capture") == [(0,)]
    world.advance(seconds=25)
    world.chase()
    assert world.order(order).state is OrderState.SETTLED
    assert world.finish() == []


def test_channel_silent_for_hours_frees_nothing_and_puts_one_case_before_a_person(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.add_fault("html_502", endpoint="query", times=0)
    chase_until(world, order, seconds=4 * 3600, step=300)
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.UNKNOWN, "locked")
    (case,) = payments.open_cases(world.region)
    assert (case.kind, case.order_no) == ("outcome_overdue", order.order_no)
    assert case.opened_at >= order.expires_at + timedelta(hours=2)
    times = [after for after, _, _, _ in asked(world, order)]
    assert len(times) <= 15, "asking is bounded"
    assert {verb for _, verb, _, _ in asked(world, order)} == {"ask"}
    world.sandbox.clear_faults()
    world.advance(minutes=30)
    world.chase()
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.EXPIRED, "due")
    assert world.finish() == []


@pytest.mark.parametrize("is_told", [True, False])
def test_payment_in_the_moment_before_the_close_is_booked_and_the_bill_not_freed(world: World, is_told: bool) -> None:
    order = world.open_an_order(PAYER)
    world.advance(seconds=10)
    world.sandbox.add_fault("paid_while_closing")
    after = close_order(world.region, order.order_id, clock=world.clock)
    assert (after.state, world.bills(PAYER)[0].state) == (OrderState.UNKNOWN, "locked")
    assert [(verb, outcome) for _, verb, outcome, _ in asked(world, order)] == [
        ("ask", "waiting"),
        ("close", "refused"),
    ]
    if is_told:
        world.sandbox.deliver_notices()
        keep_notices(world.letters())
        assert world.settle().verdicts == {"settled": 1}
    else:
        world.advance(seconds=20)
        world.chase()
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.SETTLED, "paid")
    assert world.finish() == []
    assert world.balances()["clearing"] == FULL_FEN


@pytest.mark.parametrize("fault", ["reset_after_processing", "reset_before_processing", "bad_signature"])
def test_close_without_an_answer_frees_nothing_until_the_channel_says_so(world: World, fault: str) -> None:
    order = world.open_an_order(PAYER)
    world.advance(minutes=15, seconds=30)
    world.sandbox.add_fault(fault, endpoint="close")
    world.chase()
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.UNKNOWN, "locked")
    world.advance(minutes=30)
    world.chase()
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.EXPIRED, "due")
    assert world.finish() == []


def test_payment_in_the_moment_after_expiry_is_found_before_the_order_is_closed(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.add_fault("paid_after_expiry")
    world.sandbox.hold_notices()
    world.advance(minutes=15, seconds=30)
    world.chase()
    assert world.order(order).state is OrderState.SETTLED
    assert [verb for _, verb, _, _ in asked(world, order)] == ["ask"]
    assert world.finish() == []


def test_payer_who_gives_up_closes_the_order_and_frees_her_bill(world: World) -> None:
    order = world.open_an_order(PAYER, mode=Mode.NATIVE)
    world.advance(seconds=10)
    assert close_order(world.region, order.order_id, clock=world.clock).state is OrderState.CLOSED
    assert world.bills(PAYER)[0].state == "due"
    assert payments.events_of(world.region, order.order_id)[-1].cause == "payer"
    before = counts()
    world.advance(seconds=10)
    assert close_order(world.region, order.order_id, clock=world.clock).state is OrderState.CLOSED
    assert counts() == before | {"payments_exchange": before["payments_exchange"] + 1}
    assert asked(world, order)[-1][1:] == ("ask", "refused", "CLOSED")
    assert world.finish() == []


def test_payer_who_gives_up_a_paid_order_finds_it_paid(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.hold_notices()
    world.sandbox.pay(out_trade_no=order.order_no)
    world.advance(seconds=10)
    assert close_order(world.region, order.order_id, clock=world.clock).state is OrderState.SETTLED
    assert [verb for _, verb, _, _ in asked(world, order)] == ["ask"]
    assert world.finish() == []


def test_question_answered_with_another_amount_pays_nothing(world: World) -> None:
    order = world.open_an_order(PAYER)
    tamper("UPDATE payments_order SET amount_fen = amount_fen - 1 WHERE id = %s", order.order_id)
    world.sandbox.hold_notices()
    world.sandbox.pay(out_trade_no=order.order_no)
    world.advance(seconds=5)
    world.chase()
    assert world.order(order).is_live
    assert [case.kind for case in payments.open_cases(world.region)] == ["amount_differs"]
    balances = world.balances()
    assert (balances["clearing"], balances["suspense"]) == (FULL_FEN, FULL_FEN)


def test_order_paid_with_another_amount_ends_when_its_time_is_over_and_frees_its_bill(world: World) -> None:
    order = world.open_an_order(PAYER)
    tamper("UPDATE payments_order SET amount_fen = amount_fen - 1 WHERE id = %s", order.order_id)
    world.sandbox.hold_notices()
    world.sandbox.pay(out_trade_no=order.order_no)
    chase_until(world, order, seconds=900, step=60)
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.PLACED, "locked")
    world.advance(seconds=30)
    assert world.chase() == 1
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.EXPIRED, "due")
    assert [verb for _, verb, _, _ in asked(world, order)].count("close") == 0
    assert [case.kind for case in payments.open_cases(world.region)] == ["amount_differs"]
    for _ in range(4):
        world.advance(hours=26)
        world.chase()
    assert world.order(order).next_ask_at is None
    assert [(c.disposition, c.reason) for c in payments.captures_of(world.region, order.order_no)] == [
        ("suspended", "amount_differs")
    ]
    assert world.balances()["suspense"] == FULL_FEN


def test_two_workers_ask_about_each_order_once(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:12]]
    world.advance(seconds=5)
    heard = len(world.sandbox.log())
    answers = at_once(*[partial(chase_orders, world.region, clock=world.clock, limit=50)] * 3)
    assert sum(answer for answer in answers if isinstance(answer, int)) == 12
    assert [len(asked(world, order)) for order in orders] == [1] * 12
    assert len(world.sandbox.log()) == heard + 12


def test_one_region_is_asked_about_at_a_time_and_at_most_so_many(world: World) -> None:
    for resident in (PAYER, RELATIVE, CROWD[0]):
        world.open_an_order(resident)
    world.advance(seconds=5)
    assert payments.regions_to_ask(world.clock.now()) == [world.region]
    assert chase_orders(world.region, clock=world.clock, limit=2) == 2
    assert chase_orders(world.region, clock=world.clock, limit=2) == 1
    assert payments.regions_to_ask(world.clock.now()) == []


def test_order_that_cannot_be_asked_about_holds_up_no_other(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:3]]
    tamper("UPDATE payments_order SET channel_code = 'cash' WHERE id = %s", orders[0].order_id)
    world.sandbox.hold_notices()
    for order in orders:
        world.sandbox.pay(out_trade_no=order.order_no)
    world.advance(seconds=5)
    with capture_logs() as logs:
        assert world.chase() == 3
    assert [(entry["event"], entry["order_id"], entry["error"]) for entry in logs] == [
        ("order_not_asked", str(orders[0].order_id), "CanbaoError")
    ]
    assert [str(world.order(order).state) for order in orders] == ["placed", "settled", "settled"]
    tamper("UPDATE payments_order SET channel_code = 'wechat' WHERE id = %s", orders[0].order_id)
    world.advance(seconds=60)
    assert world.chase() == 1
    assert world.order(orders[0]).state is OrderState.SETTLED
    assert world.finish() == []
