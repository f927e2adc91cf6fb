"""What fits no order goes back without anybody asking; silence is asked about with the same number, never a new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from canbao.channels import catalogue
from canbao.channels.interface import NoticeEvent, RefundFate
from canbao.journeys.chase_orders import close_order
from canbao.journeys.chase_refunds import ask, chase_refunds, send, take_to_ask, take_to_send
from canbao.journeys.keep_notices import keep_notices
from canbao.kernel.clock import start_of_day
from canbao.kernel.ids import Kind, make_no
from canbao.payments import public as payments
from canbao.payments.public import Order, Refund, RefundState
from tests.world import FULL_FEN, PAYER, World, at_once, audit, rows, stranger_id, tamper


def chase(world: World) -> int:
    """The worker comes by."""
    return chase_refunds(world.region, notify_url=world.addresses.notify_url, clock=world.clock)


def late(world: World) -> tuple[Order, Refund]:
    """An order that its payer paid after it was closed, and the refund that was opened with the money."""
    order = world.open_an_order(PAYER)
    world.sandbox.add_fault("paid_after_close", endpoint="close")
    close_order(world.region, order.order_id, clock=world.clock)
    world.sandbox.clear_faults()
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    assert world.settle().verdicts == {"late_capture": 1}
    (refund,) = payments.refunds_of(world.region, order.order_no)
    return order, refund


def hear(world: World) -> dict[str, int]:
    """Notices of refunds come and are judged."""
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    return dict(world.settle().verdicts)


def now(refund: Refund) -> Refund:
    """The refund as it is now."""
    return payments.refund(refund.region_code, refund.refund_id)


def moves(refund: Refund) -> list[str]:
    """Its history, what alone."""
    return [move.event for move in payments.refund_events_of(refund.region_code, refund.refund_id)]


def asked(refund: Refund) -> list[tuple[float, str, str, str]]:
    """What was said about it: seconds after it was opened, verb, outcome, the channel's word."""
    found = rows(
        "SELECT extract(epoch FROM asked_at - %s)::float, verb, outcome, foreign_code FROM payments_exchange "
        "WHERE refund_id = %s ORDER BY asked_at, verb DESC",
        refund.asked_at,
        refund.refund_id,
    )
    return [(float(str(after)), str(verb), str(outcome), str(code)) for after, verb, outcome, code in found]


def kinds_of_cases(world: World) -> list[str]:
    """The kinds of open cases, sorted, but for the late money itself."""
    return sorted(case.kind for case in payments.open_cases(world.region) if case.kind != "late_capture")


def test_money_after_the_close_goes_back_without_anybody_asking(world: World) -> None:
    _, refund = late(world)
    assert (refund.state, refund.is_automatic, refund.amount_fen, refund.reason) == (
        "approved",
        True,
        FULL_FEN,
        "paid_after_close",
    )
    assert refund.deadline_at == start_of_day(world.clock.today() + timedelta(days=3))
    assert (refund.asked_by, refund.approved_by, refund.from_suspense) == ("", "", True)
    assert world.balances() == {**world.balances(), "clearing": FULL_FEN, "refund_payable": FULL_FEN}
    assert world.finish() == []
    assert chase(world) == 1
    assert now(refund).state is RefundState.SENT
    world.sandbox.finish_refund(refund.refund_no)
    assert hear(world) == {"succeeded": 1}
    assert moves(refund) == ["owe", "send", "succeed"]
    assert world.finish() == []
    assert (world.balances().get("clearing", 0), world.balances().get("refund_payable", 0)) == (0, 0)
    assert world.sandbox.refund(refund.refund_no)["state"] == "SUCCESS"
    assert world.sandbox.findings() == []
    assert hear(world) == {}


def test_refund_is_asked_about_on_the_schedule_until_it_succeeds(world: World) -> None:
    _, refund = late(world)
    world.sandbox.add_fault("refund_stuck")
    chase(world)
    for _ in range(3 * 60):
        world.advance(minutes=1)
        chase(world)
    minutes = [round(after / 60) for after, verb, _, _ in asked(refund) if verb == "ask_refund"]
    assert minutes == [1, 2, 3, 4, 5, 10, 20, 40, 70, 130]
    assert {found[1:] for found in asked(refund)} == {
        ("refund", "waiting", "PROCESSING"),
        ("ask_refund", "waiting", "PROCESSING"),
    }
    world.sandbox.hold_notices()
    world.sandbox.finish_refund(refund.refund_no)
    world.advance(minutes=60)
    assert chase(world) == 1
    assert now(refund).state is RefundState.SUCCEEDED
    assert chase(world) == 0
    assert world.finish() == []


@pytest.mark.parametrize(
    ("fault", "is_there"), [("reset_after_processing", True), ("reset_before_processing", False), ("html_502", None)]
)
def test_lost_answer_is_asked_about_with_the_same_number(world: World, fault: str, is_there: bool | None) -> None:
    _, refund = late(world)
    world.sandbox.add_fault(fault, endpoint="refund", count=1)
    chase(world)
    assert (now(refund).state, moves(refund)) == ("unknown", ["owe", "send", "lose"])
    if is_there is not None:
        assert bool(world.sandbox.refunds()) is is_there
    world.advance(minutes=1)
    chase(world)
    for _ in range(5):
        world.advance(minutes=1)
        chase(world)
    known = world.sandbox.refunds()
    assert [found["out_refund_no"] for found in known] == [refund.refund_no]
    if known[0]["state"] == "PROCESSING":
        world.sandbox.finish_refund(refund.refund_no)
    hear(world)
    world.advance(minutes=5)
    chase(world)
    assert now(refund).state is RefundState.SUCCEEDED
    assert world.finish() == []
    assert world.sandbox.findings() == []


def test_process_that_dies_between_writing_and_sending_leaves_a_refund_that_is_sent_later(world: World) -> None:
    _, refund = late(world)
    taken = take_to_send(world.region, clock=world.clock)
    assert [one.refund_no for one in taken] == [refund.refund_no]
    assert (now(refund).state, world.sandbox.refunds()) == ("sent", [])
    assert chase(world) == 0
    world.advance(seconds=61)
    assert chase(world) == 1
    assert moves(refund) == ["owe", "send", "lose", "again"]
    assert [found["out_refund_no"] for found in world.sandbox.refunds()] == [refund.refund_no]
    assert world.finish() == []


def test_process_that_dies_between_answer_and_writing_it_down_asks_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, refund = late(world)
    (taken,) = take_to_send(world.region, clock=world.clock)
    with monkeypatch.context() as dying:
        dying.setattr(payments, "note_refund_exchange", _dies)
        with pytest.raises(MemoryError):
            send(taken, notify_url=world.addresses.notify_url, clock=world.clock)
    assert (now(refund).state, len(world.sandbox.refunds())) == ("sent", 1)
    world.advance(seconds=61)
    (due,) = take_to_ask(world.region, clock=world.clock)
    with monkeypatch.context() as dying:
        dying.setattr(payments, "note_refund_exchange", _dies)
        with pytest.raises(MemoryError):
            ask(due, notify_url=world.addresses.notify_url, clock=world.clock)
    world.advance(seconds=61)
    assert chase(world) == 1
    assert len(world.sandbox.refunds()) == 1
    hear(world)
    assert now(refund).state in (RefundState.SENT, RefundState.SUCCEEDED)
    assert world.finish() == []


def _dies(*_: object, **__: object) -> None:
    raise MemoryError


def test_two_workers_at_once_send_each_refund_once(world: World) -> None:
    _, refund = late(world)
    answers = at_once(*(partial(chase, world) for _ in range(4)))
    assert sorted(int(str(found)) for found in answers) == [0, 0, 0, 1]
    assert moves(refund).count("send") == 1
    assert len([found for found in asked(refund) if found[1] == "refund"]) == 1


def test_notice_and_answer_at_once_book_it_once(world: World) -> None:
    _, refund = late(world)
    chase(world)
    world.sandbox.finish_refund(refund.refund_no)
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    world.advance(minutes=1)
    at_once(world.settle, partial(chase, world), partial(chase, world), world.settle)
    assert (now(refund).state, moves(refund)) == ("succeeded", ["owe", "send", "succeed"])
    assert rows("SELECT count(*) FROM ledger_transfer WHERE kind = 'refund_paid'") == [(1,)]
    assert world.finish() == []


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("NOT_ENOUGH", "top_up"),
        ("USER_ACCOUNT_ABNORMAL", "look"),
        ("TRADE_OVERDUE", "look"),
        ("PARAM_ERROR", "look"),
        ("RESOURCE_NOT_EXISTS", "look"),
        ("NO_AUTH", "look"),
    ],
)
def test_explicit_no_waits_for_a_person_with_the_next_step(world: World, code: str, step: str) -> None:
    _, refund = late(world)
    world.sandbox.add_fault("error_code", endpoint="refund", code=code)
    chase(world)
    aside = now(refund)
    assert (aside.state, aside.next_step, aside.foreign_code) == ("by_hand", step, code)
    assert aside.next_ask_at == world.clock.now() + timedelta(days=1)
    assert world.finish() == []
    world.sandbox.clear_faults()
    world.advance(days=1)
    chase(world)
    # Only where money was short is the same number sent again by itself.
    assert (now(refund).state == "sent") is (step == "top_up")
    assert len(world.sandbox.refunds()) == (1 if step == "top_up" else 0)
    assert world.finish() == []


@pytest.mark.parametrize("code", ["SYSTEM_ERROR", "FREQUENCY_LIMITED"])
def test_error_that_says_nothing_leaves_it_unknown(world: World, code: str) -> None:
    _, refund = late(world)
    world.sandbox.add_fault("error_code", endpoint="refund", code=code)
    chase(world)
    assert now(refund).state is RefundState.UNKNOWN
    assert world.finish() == []


@pytest.mark.parametrize("fault", ["refund_unknown_then_success", "refund_unknown_then_failure"])
def test_unknown_outcome_ends_as_the_channel_ends_it(world: World, fault: str) -> None:
    _, refund = late(world)
    world.sandbox.add_fault(fault)
    chase(world)
    assert now(refund).state is RefundState.UNKNOWN
    for _ in range(6):
        world.advance(hours=12)
        hear(world)
        chase(world)
    expected = "succeeded" if fault.endswith("success") else "by_hand"
    assert now(refund).state == expected
    assert len(world.sandbox.refunds()) == 1
    assert world.finish() == []


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"amount_fen": FULL_FEN - 1}, "refund_amount_differs"),
        ({"captured_fen": FULL_FEN + 1}, "refund_amount_differs"),
        ({"currency": "USD"}, "refund_currency_differs"),
        ({"merchant_ref": "1900000002"}, "refund_not_ours"),
        ({"order_no": "somebody-elses"}, "refund_numbers_differ"),
        ({"trade_ref": "4200000000"}, "refund_numbers_differ"),
        ({"refund_no": "number of nobody"}, "refund_not_found"),
    ],
)
def test_notice_that_does_not_fit_moves_nothing_and_is_a_case(
    world: World, change: dict[str, object], verdict: str
) -> None:
    _, refund = late(world)
    chase(world)
    world.sandbox.finish_refund(refund.refund_no)
    world.sandbox.deliver_notices()
    (letter,) = world.letters()
    assert letter.notice.event is NoticeEvent.REFUND
    told = letter.notice.refund
    assert told is not None
    if change.get("refund_no"):
        change = {"refund_no": make_no(world.region, Kind.REFUND, stranger_id(1))}
    wrong = replace(letter, notice=replace(letter.notice, refund=replace(told, **change)))  # type: ignore[arg-type]  # fields by name
    keep_notices([wrong])
    assert dict(world.settle().verdicts) == {verdict: 1}
    assert (now(refund).state, kinds_of_cases(world)) == ("sent", [verdict])
    assert world.finish() == []
    keep_notices([letter])
    assert dict(world.settle().verdicts) == {"succeeded": 1}
    assert world.finish() == []


def test_word_that_contradicts_what_is_known_is_a_case(world: World) -> None:
    _, refund = late(world)
    chase(world)
    world.sandbox.finish_refund(refund.refund_no)
    world.sandbox.deliver_notices()
    (letter,) = world.letters()
    keep_notices([letter])
    world.settle()
    told = letter.notice.refund
    assert told is not None
    taken_back = replace(letter.notice, refund=replace(told, fate=RefundFate.ABNORMAL))
    keep_notices([replace(letter, notice=taken_back)])
    assert dict(world.settle().verdicts) == {"refund_contradicts": 1}
    assert (now(refund).state, kinds_of_cases(world)) == ("succeeded", ["refund_contradicts"])
    assert world.finish() == []


def test_refund_told_before_its_payment_is_judged_in_one_batch(world: World) -> None:
    _, refund = late(world)
    chase(world)
    world.sandbox.finish_refund(refund.refund_no)
    world.sandbox.deliver_notices()
    (letter,) = world.letters()
    order = world.open_an_order()
    world.pay(order)
    (paid,) = world.letters()
    keep_notices([letter, letter, paid])
    assert dict(world.settle().verdicts) == {"succeeded": 1, "settled": 1}
    assert world.finish() == []


def test_refund_past_its_deadline_is_listed_and_put_before_a_person_once(world: World) -> None:
    _, refund = late(world)
    world.sandbox.add_fault("refund_stuck")
    chase(world)
    world.advance(days=2)
    assert payments.overdue_refunds(world.region, now=world.clock.now()) == []
    world.advance(days=1)
    assert [found.refund_no for found in payments.overdue_refunds(world.region, now=world.clock.now())] == [
        refund.refund_no
    ]
    for _ in range(3):
        chase(world)
        world.advance(hours=1)
    assert kinds_of_cases(world) == ["refund_overdue"]
    assert catalogue.connector("wechat").ask_refund(refund.refund_no, now=world.clock.now()).outcome == "waiting"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "UPDATE payments_refund SET state = 'succeeded', succeeded_at = asked_at, refund_ref = '50'",
            {"reconciliation.refunds_are_booked", "reconciliation.refunds_owed_are_payable"},
        ),
        (
            "DELETE FROM ledger_transfer WHERE kind = 'suspense_released'",
            {"reconciliation.refunds_are_booked", "reconciliation.refunds_owed_are_payable"},
        ),
        (
            "UPDATE ledger_transfer SET cause_id = gen_random_uuid() WHERE kind = 'suspense_released'",
            {"reconciliation.refunds_are_booked"},
        ),
    ],
)
def test_planted_fault_between_refunds_and_books_is_found(world: World, change: str, expected: set[str]) -> None:
    late(world)
    chase(world)
    assert world.finish() == []
    assert tamper(change) == 1
    assert expected <= {finding.auditor for finding in audit()}
