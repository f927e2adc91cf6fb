"""Opening an order: one per press, each bill in one order at a time, the window and the amount as they are now, and
nothing lost whatever the channel answers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from canbao.billing import public as billing
from canbao.channels.interface import Mode
from canbao.journeys import pay_bills as journey
from canbao.journeys.chase_orders import ask_now
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.pay_bills import open_wallet, pay_bills
from canbao.kernel.clock import FixedClock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from canbao.payments import public as payments
from canbao.payments.public import Order, OrderState
from tests.world import (
    AGREEMENT,
    CHILD,
    CROWD,
    ELDER,
    FAMILY,
    FULL_FEN,
    GRANDMOTHER,
    NEWBORN,
    PAYER,
    RELATIVE,
    TWICE,
    World,
    at_once,
    counts,
    rows,
    stranger_id,
    tamper,
    wait_until,
)


@pytest.fixture
def refused(world: World) -> Callable[..., CanbaoError]:
    """Opens an order that must be refused, and makes sure that nothing changed by it."""

    def run(act: Callable[[], object], code: str) -> CanbaoError:
        before, bills = counts(), rows("SELECT id, state, order_id, locked_until FROM billing_bill ORDER BY id")
        heard = len(world.sandbox.log())
        with pytest.raises(CanbaoError) as raised:
            act()
        assert raised.value.code == code
        assert counts() == before
        assert rows("SELECT id, state, order_id, locked_until FROM billing_bill ORDER BY id") == bills
        assert len(world.sandbox.log()) == heard, "the channel heard of it"
        return raised.value

    return run


Refused = Callable[[Callable[[], object], str], CanbaoError]


def pay(world: World, bill_ids: list[UUID], *, expected_fen: int, key: str = "press") -> Order:
    """The journey with exactly these ids."""
    return pay_bills(
        world.region,
        bill_ids,
        payer=world.payer(),
        addresses=world.addresses,
        agreement_version=AGREEMENT,
        expected_fen=Fen(expected_fen),
        idempotency_key=key,
        clock=world.clock,
    )


def test_order_is_placed_with_the_channel_as_it_was_written_down(world: World) -> None:
    order = world.open_an_order(*FAMILY)
    there = world.sandbox.order(order.order_no)
    assert (there["state"], there["total_fen"], there["kind"]) == ("NOTPAY", 128_000, "h5")
    assert there["description"] == order.description == "城乡居民基本医疗保险费 2025年 4人"
    assert there["expires_at"] == "2024-11-15T10:15:00+08:00"
    assert (order.state, order.agreement_version) == (OrderState.PLACED, AGREEMENT)
    assert order.opens.startswith("http://127.0.0.1:")
    assert f"redirect_url=http%3A%2F%2F127.0.0.1%3A8000%2Fback%2F{order.token}" in order.opens
    assert order.opens_until == world.clock.now() + timedelta(minutes=5)
    bills = world.bills(*FAMILY)
    assert {(bill.state, bill.locked_by) for bill in bills} == {("locked", order.order_id)}
    assert rows("SELECT verb, outcome, status FROM payments_exchange") == [("place", "confirmed", 200)]
    assert [event.event for event in payments.events_of(world.region, order.order_id)] == ["open", "place"]


def test_nothing_that_the_channel_was_told_names_a_person(world: World) -> None:
    order = world.open_an_order(*FAMILY)
    (kept,) = rows("SELECT request || answer FROM payments_exchange")
    for told in (str(kept[0]), order.description, order.opens, str(world.sandbox.log())):
        for one in FAMILY:
            assert one.id_no not in told
            assert one.name not in told


def test_native_order_opens_by_a_code_on_the_screen(world: World) -> None:
    order = world.open_an_order(PAYER, mode=Mode.NATIVE)
    assert order.opens.startswith("weixin://wxpay/")
    assert order.opens_until == order.expires_at


def test_same_key_is_the_same_order(world: World) -> None:
    first = world.open_an_order(*FAMILY, key="press")
    before, heard = counts(), len(world.sandbox.log())
    bills = world.bills(*reversed(FAMILY))
    world.clock.advance(timedelta(minutes=1))
    assert world.open_an_order(bills=bills, key="press") == first
    assert (counts(), len(world.sandbox.log())) == (before, heard)


def test_same_key_pressed_eight_times_at_once_is_one_order(world: World) -> None:
    bills = world.bills(*FAMILY)
    press = partial(world.open_an_order, bills=bills, key="press")
    answers = at_once(*[press] * 8)
    assert {answer.order_no for answer in answers if isinstance(answer, Order)} == {
        row[0] for row in rows("SELECT order_no FROM payments_order")
    }
    assert all(isinstance(answer, Order) for answer in answers)
    assert rows("SELECT count(*) FROM payments_order") == [(1,)]
    assert rows("SELECT count(*) FROM payments_exchange WHERE verb = 'place'") == [(1,)]


def test_other_bills_under_the_key_are_refused(world: World, refused: Refused) -> None:
    world.open_an_order(PAYER, key="press")
    relative = world.bills(RELATIVE)
    refused(lambda: world.open_an_order(bills=relative, key="press"), "idempotency.key_reused")


@pytest.mark.parametrize("key", ["", "x" * 81, "按", "a\nb"])
def test_malformed_key_is_refused(world: World, refused: Refused, key: str) -> None:
    refused(lambda: world.open_an_order(PAYER, key=key), "idempotency.key_malformed")


def test_bill_of_an_open_order_is_refused_until_when_it_is_held(world: World, refused: Refused) -> None:
    world.open_an_order(PAYER, CHILD)
    both = world.bills(RELATIVE, CHILD)
    raised = refused(lambda: world.open_an_order(bills=both), "billing.locked_by_open_order")
    assert raised.params == {"until": "10:15"}
    assert [bill.state for bill in world.bills(RELATIVE)] == ["due"]


def test_two_orders_for_one_bill_at_once_are_exactly_one(world: World) -> None:
    for place, resident in enumerate(CROWD[:10]):
        bills = world.bills(resident)
        answers = at_once(
            *[partial(world.open_an_order, bills=bills, key=f"press {place} {tab}") for tab in range(4)],
        )
        made = [answer for answer in answers if isinstance(answer, Order)]
        codes = [answer.code for answer in answers if isinstance(answer, CanbaoError)]
        assert (len(made), codes) == (1, ["billing.locked_by_open_order"] * 3)
        assert world.bills(resident)[0].locked_by == made[0].order_id
    assert rows("SELECT count(*) FROM payments_order") == [(10,)]
    assert world.finish() == []


def test_families_that_share_members_pressed_at_once_never_wait_in_a_circle(world: World) -> None:
    forth, back = world.bills(*FAMILY, RELATIVE), world.bills(RELATIVE, *reversed(FAMILY))
    for turn in range(5):
        answers = at_once(
            partial(world.open_an_order, bills=forth, key=f"forth {turn}"),
            partial(world.open_an_order, bills=back, key=f"back {turn}"),
        )
        (made,) = [answer for answer in answers if isinstance(answer, Order)]
        (lost,) = [answer for answer in answers if isinstance(answer, CanbaoError)]
        assert lost.code == "billing.locked_by_open_order"
        tamper("UPDATE billing_bill SET state = 'due', order_id = NULL, locked_until = NULL WHERE state = 'locked'")
        assert world.order(made).state is OrderState.PLACED


def test_changed_amount_is_refused_with_both_amounts(world: World, refused: Refused) -> None:
    bills = world.bills(PAYER, GRANDMOTHER)
    raised = refused(lambda: world.open_an_order(bills=bills, expected_fen=2 * FULL_FEN), "billing.amount_changed")
    assert raised.params == {"before": "800.00", "now": "480.00"}


@pytest.mark.parametrize(
    "at, code, params",
    [
        (datetime(2024, 9, 14, 15, 59, tzinfo=UTC), "billing.window_not_open", {"opens_on": "2024-09-15"}),
        (datetime(2025, 2, 28, 16, 0, tzinfo=UTC), None, {}),
        (datetime(2025, 9, 30, 15, 59, tzinfo=UTC), None, {}),
        (datetime(2025, 9, 30, 16, 0, tzinfo=UTC), "billing.window_closed", {"year": 2025, "closed_on": "2025-09-30"}),
    ],
)
def test_window_decides_on_the_day_in_china(
    world: World, refused: Refused, at: datetime, code: str | None, params: dict[str, object]
) -> None:
    bills = world.bills(PAYER)
    world.clock = FixedClock(at)
    world.set_channel_clock()
    if code is None:
        assert world.open_an_order(bills=bills).state is OrderState.PLACED
        return
    assert refused(lambda: world.open_an_order(bills=bills), code).params == params


def test_bill_in_two_regions_is_never_paid_in_silence(world: World, refused: Refused) -> None:
    refused(lambda: world.open_an_order(TWICE), "billing.registered_elsewhere")


def test_bill_met_by_the_subsidy_has_nothing_to_pay(world: World, refused: Refused) -> None:
    refused(lambda: world.open_an_order(ELDER), "billing.paid_by_assistance")


def test_paid_bill_is_not_paid_again(world: World, refused: Refused) -> None:
    world.tell_notice(world.open_an_order(PAYER))
    raised = refused(lambda: world.open_an_order(PAYER), "billing.nothing_owed")
    assert raised.params == {"year": 2025}


def test_unknown_bill_is_refused(world: World, refused: Refused) -> None:
    refused(lambda: pay(world, [stranger_id(1)], expected_fen=0), "billing.bill_not_found")


def test_empty_list_is_refused(world: World, refused: Refused) -> None:
    refused(lambda: pay(world, [], expected_fen=0), "payments.bills_count")


def test_twenty_one_bills_are_refused_and_twenty_are_taken(world: World, refused: Refused) -> None:
    bills = world.bills(*CROWD[:21])
    raised = refused(lambda: world.open_an_order(bills=bills), "payments.bills_count")
    assert raised.params == {"most": 20, "found": 21}
    assert world.open_an_order(bills=bills[:20]).amount_fen == 20 * FULL_FEN


def test_same_bill_twice_in_one_order_is_paid_once(world: World) -> None:
    (bill,) = world.bills(PAYER)
    order = pay(world, [bill.bill_id, bill.bill_id], expected_fen=FULL_FEN)
    assert (order.state, order.amount_fen, order.bill_ids) == (OrderState.PLACED, FULL_FEN, (bill.bill_id,))


def test_same_bill_twice_is_not_owed_twice(world: World, refused: Refused) -> None:
    (bill,) = world.bills(PAYER)
    refused(lambda: pay(world, [bill.bill_id, bill.bill_id], expected_fen=2 * FULL_FEN), "billing.amount_changed")


def test_unknown_channel_is_refused_before_anything_is_written(world: World, refused: Refused) -> None:
    (bill,) = world.bills(PAYER)
    payer = journey.Payer(channel_code="cash", mode=Mode.H5, device=world.payer().device, address="203.0.113.7")
    refused(
        lambda: pay_bills(
            world.region,
            [bill.bill_id],
            payer=payer,
            addresses=world.addresses,
            agreement_version=AGREEMENT,
            expected_fen=FULL_FEN,
            idempotency_key="press",
            clock=world.clock,
        ),
        "channels.channel_unknown",
    )


def test_channel_that_refuses_closes_the_order_and_frees_its_bills(world: World) -> None:
    world.sandbox.add_fault("error_code", endpoint="order", code="NO_AUTH")
    order = world.open_an_order(*FAMILY)
    ended_at = world.clock.now()
    assert (order.state, order.ended_at) == (OrderState.CLOSED, ended_at)
    assert order.next_ask_at == ended_at + timedelta(minutes=30)
    assert {bill.state for bill in world.bills(*FAMILY)} == {"due"}
    assert payments.events_of(world.region, order.order_id)[-1].cause == "place: NO_AUTH"
    assert rows("SELECT outcome, foreign_code, status FROM payments_exchange") == [("refused", "NO_AUTH", 403)]
    again = world.open_an_order(*FAMILY)
    assert again.state is OrderState.PLACED
    assert world.tell_notice(again).verdicts["settled"] == 1
    assert world.finish() == []


SILENCES = [
    "reset_before_processing",
    "reset_after_processing",
    "html_502",
    "bad_signature",
    "unknown_serial",
    "stale_timestamp",
    "truncated_body",
    "gbk_body",
    "redirect",
]


@pytest.mark.parametrize("fault", SILENCES)
def test_silent_channel_makes_the_order_unknown_and_holds_the_bills(world: World, fault: str) -> None:
    world.sandbox.add_fault(fault, endpoint="order")
    order = world.open_an_order(PAYER)
    assert (order.state, order.opens, order.ended_at) == (OrderState.UNKNOWN, "", None)
    assert world.bills(PAYER)[0].locked_by == order.order_id
    assert order.next_ask_at == world.clock.now() + timedelta(seconds=5)
    opened = open_wallet(order, addresses=world.addresses, clock=world.clock)
    assert (opened.state, opened.order_no) == (OrderState.PLACED, order.order_no)
    assert world.tell_notice(opened).verdicts["settled"] == 1
    assert world.finish() == []


def test_order_paid_while_our_answer_was_lost_is_settled_by_asking(world: World) -> None:
    world.sandbox.add_fault("reset_after_processing", endpoint="order")
    order = world.open_an_order(PAYER)
    assert order.state is OrderState.UNKNOWN
    world.sandbox.pay(out_trade_no=order.order_no)
    world.advance(seconds=5)
    assert ask_now(world.region, order.order_id, clock=world.clock).state is OrderState.SETTLED
    keep_notices(world.letters())
    assert world.settle().verdicts.keys() <= {"exists"}
    assert world.finish() == []


def test_notice_that_overtakes_our_own_answer_settles_the_order(world: World) -> None:
    world.sandbox.add_fault("before_create_answer", endpoint="order")
    world.sandbox.add_fault("reset_after_processing", endpoint="order")
    order = world.open_an_order(PAYER)
    assert order.state is OrderState.UNKNOWN
    wait_until(lambda: bool(world.letterbox.letters), "the notice")
    keep_notices(world.letters())
    assert world.settle().verdicts == {"settled": 1}
    assert world.order(order).state is OrderState.SETTLED
    assert world.finish() == []


def test_process_that_dies_between_writing_and_sending_leaves_an_order_to_ask_about(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(Exception):
        """The process is gone before the channel hears a word."""

    def die(*_: object, **__: object) -> Order:
        raise Died

    bills = world.bills(PAYER)
    with monkeypatch.context() as broken:
        broken.setattr(journey, "_place", die)
        with pytest.raises(Died):
            world.open_an_order(bills=bills, key="press")
    found = world.open_an_order(bills=bills, key="press")
    assert (found.state, found.opens) == (OrderState.OPEN, "")
    assert len(world.sandbox.get("/orders")["orders"]) == 0  # type: ignore[arg-type]  # a list, as the next line reads
    opened = open_wallet(found, addresses=world.addresses, clock=world.clock)
    assert (opened.state, opened.order_no) == (OrderState.PLACED, found.order_no)
    assert world.tell_notice(opened).verdicts["settled"] == 1


def test_order_never_sent_expires_and_frees_its_bills(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(journey, "_place", lambda opened, *_, **__: opened)
        order = world.open_an_order(PAYER)
    assert order.state is OrderState.OPEN
    world.advance(seconds=5)
    assert world.chase() == 1
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.UNKNOWN, "locked")
    world.advance(minutes=15, seconds=26)
    assert world.chase() == 1
    assert (world.order(order).state, world.bills(PAYER)[0].state) == (OrderState.EXPIRED, "due")
    assert world.finish() == []


def test_wallet_is_opened_afresh_under_the_same_number(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.advance(minutes=6)
    opened = open_wallet(order, addresses=world.addresses, clock=world.clock)
    assert (opened.state, opened.order_no) == (OrderState.PLACED, order.order_no)
    assert opened.opens != order.opens
    assert opened.opens_until == world.clock.now() + timedelta(minutes=5)
    assert len(world.sandbox.get("/orders")["orders"]) == 1  # type: ignore[arg-type]  # a list


def test_refusal_to_open_a_wallet_again_ends_nothing(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.add_fault("error_code", endpoint="order", code="NO_AUTH")
    opened = open_wallet(order, addresses=world.addresses, clock=world.clock)
    assert opened.state is OrderState.UNKNOWN
    assert world.bills(PAYER)[0].locked_by == order.order_id


@pytest.mark.parametrize("ending", ["settled", "over", "closed"])
def test_wallet_of_an_ended_order_stays_shut(world: World, ending: str) -> None:
    if ending == "closed":
        world.sandbox.add_fault("error_code", endpoint="order", code="NO_AUTH")
    order = world.open_an_order(PAYER)
    if ending == "settled":
        world.tell_notice(order)
    if ending == "over":
        world.advance(minutes=15)
    before, heard = world.order(order), len(world.sandbox.log())
    assert open_wallet(before, addresses=world.addresses, clock=world.clock) == before
    assert len(world.sandbox.log()) == heard


def test_newborn_is_paid_for_outside_the_window_of_others(world: World) -> None:
    (bill,) = world.bills(NEWBORN)
    assert billing.bill(world.region, bill.bill_id).personal_fen == FULL_FEN
    assert world.open_an_order(NEWBORN).state is OrderState.PLACED
