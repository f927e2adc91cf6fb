"""The money moves once: from a notice to a settled order, paid bills, balanced books and cover; and what does not fit
goes to suspense and to a person, to the fen.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from canbao.billing import public as billing
from canbao.channels.interface import Notice, NoticeEvent
from canbao.coverage import public as coverage
from canbao.journeys.chase_orders import close_order
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.settle_orders import Tally, settle_captures, settle_orders
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.regions import NATION
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.payments.public import NoticeToKeep, Order, OrderState
from tests.world import (
    CHILD,
    CROWD,
    FAMILY,
    FULL_FEN,
    GRANDMOTHER,
    PAYER,
    RELATIVE,
    World,
    at_once,
    audit,
    counts,
    rows,
    stranger_id,
    tamper,
)


def disposed(world: World, order: Order) -> list[tuple[int, str, str]]:
    """What was recorded under an order's number: amount, disposition, reason; the least amount first."""
    return sorted(
        (int(found.amount_fen), found.disposition, found.reason)
        for found in payments.captures_of(world.region, order.order_no)
    )


def kinds_of_cases(world: World) -> list[str]:
    """The kinds of open cases, sorted."""
    return sorted(case.kind for case in payments.open_cases(world.region))


def captured_fen() -> int:
    """All that was ever recorded as taken by a channel."""
    return int(str(rows("SELECT coalesce(sum(amount_fen), 0) FROM payments_capture")[0][0]))


def test_family_pays_once_and_every_book_agrees(world: World) -> None:
    order = world.open_an_order(*FAMILY)
    assert (order.state, order.amount_fen, len(order.bill_ids)) == (OrderState.PLACED, 128_000, 4)
    assert world.tell_notice(order) == Tally(1, Counter({"settled": 1}))
    after = world.order(order)
    assert (after.state, after.trade_ref) == (
        OrderState.SETTLED,
        world.sandbox.order(order.order_no)["transaction_id"],
    )
    bills = {bill.bill_id: bill for bill in billing.bills(world.region, order.bill_ids)}
    assert [(bills[found].state, bills[found].paid_by) for found in order.bill_ids] == [("paid", order.order_id)] * 4
    assert disposed(world, order) == [(128_000, "credited", "")]
    booked = ledger.transfers_of_order(world.region, order.order_id)
    assert sorted((str(item.kind), item.amount_fen) for item in booked) == [
        ("bill_collected", 8_000),
        *[("bill_collected", 40_000)] * 3,
    ]
    assert coverage.of_bills(world.region, order.bill_ids) == []
    assert world.finish() == []
    # Grandmother's assistance, and the elder's whole bill, which the subsidy met when the year was assessed.
    assert world.balances() == {"clearing": 128_000, "assistance_receivable": 72_000, "contribution_income": 200_000}
    covers = coverage.of_bills(world.region, order.bill_ids)
    assert {(cover.from_on, cover.until_on) for cover in covers} >= {(date(2025, 1, 1), date(2026, 1, 1))}
    assert len(covers) == 4
    assert world.sandbox.findings() == []


def test_notice_told_again_after_settlement_changes_nothing(world: World) -> None:
    order = world.open_an_order()
    world.tell_notice(order)
    world.finish()
    before = counts()
    (sent,) = world.sandbox.notices(order.order_no)
    world.sandbox.replay_notice(str(sent["notice_id"]), copies=3)
    world.sandbox.replay_notice(str(sent["notice_id"]), copies=2, is_original=True)
    repeated = world.letters()
    assert len(repeated) == 5
    assert keep_notices(repeated) == 0
    assert world.settle() == Tally(0, Counter())
    assert (counts(), world.finish()) == (before, [])


def test_hundred_pairs_of_the_same_notice_at_once_settle_a_hundred_orders_once(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:100]]
    wanted = [(order.order_no, int(order.amount_fen)) for order in orders]
    told = [world.verified(headers, body) for headers, body in world.sandbox.bulk_notices(wanted, is_paid_here=True)]
    # Every second payment is told by two notices with numbers of their own, as after a change of keys.
    twins = [_renumbered(one) if place % 2 else one for place, one in enumerate(told)]
    together = threading.Barrier(2)

    def worker(notices: list[NoticeToKeep]) -> list[str]:
        verdicts: list[str] = []
        for one in notices:
            together.wait(20)
            keep_notices([one])
            verdicts += settle_orders(world.region, clock=world.clock).verdicts.elements()
        return verdicts

    with ThreadPoolExecutor(2) as threads:
        verdicts = Counter(verdict for found in threads.map(worker, [told, twins]) for verdict in found)
    verdicts += world.settle().verdicts
    assert verdicts == Counter({"settled": 100, "exists": 50})
    assert {world.order(order).state for order in orders} == {OrderState.SETTLED}
    assert rows("SELECT count(*), count(DISTINCT order_id) FROM payments_capture") == [(100, 100)]
    assert rows("SELECT count(*) FROM billing_bill WHERE state = 'paid'") == [(100,)]
    assert rows("SELECT count(*) FROM kernel_outbox_event WHERE name = 'order.settled'") == [(100,)]
    assert world.finish() == []
    assert world.balances()["clearing"] == captured_fen() == 100 * FULL_FEN
    assert world.sandbox.findings() == []


def _renumbered(kept: NoticeToKeep) -> NoticeToKeep:
    told = kept.notice
    return replace(
        kept,
        notice=Notice(
            notice_ref=f"{told.notice_ref[:40]}-2",
            event=told.event,
            payment=told.payment,
            happened_at=told.happened_at,
        ),
    )


@pytest.mark.parametrize(
    "fault, verdict, suspended_fen",
    [
        ("notice_wrong_amount", "amount_differs", FULL_FEN + 1),
        ("notice_wrong_merchant", "not_ours", 0),
        ("notice_wrong_app", "not_ours", 0),
        ("notice_wrong_currency", "currency_differs", 0),
    ],
)
def test_notice_that_does_not_fit_pays_nothing_and_goes_to_a_person(
    world: World, fault: str, verdict: str, suspended_fen: int
) -> None:
    order = world.open_an_order()
    before = world.balances()
    world.sandbox.add_fault(fault)
    assert world.tell_notice(order).verdicts == Counter({verdict: 1})
    assert world.order(order).state is OrderState.PLACED
    assert [bill.state for bill in world.bills(PAYER)] == ["locked"]
    assert kinds_of_cases(world) == [verdict]
    expected = {"clearing": suspended_fen, "suspense": suspended_fen} if suspended_fen else {}
    assert world.balances() == before | expected
    assert captured_fen() == suspended_fen
    assert rows("SELECT count(*) FROM kernel_outbox_event WHERE name = 'order.settled'") == [(0,)]
    assert world.finish() == []


def test_amount_a_fen_short_is_suspended_and_the_true_notice_still_settles(world: World) -> None:
    order = world.open_an_order()
    keep_notices(world.forged([(order.order_no, FULL_FEN - 1)]))
    assert world.settle().verdicts == Counter({"amount_differs": 1})
    assert world.tell_notice(order).verdicts == Counter({"settled": 1})
    assert disposed(world, order) == [(FULL_FEN - 1, "suspended", "amount_differs"), (FULL_FEN, "credited", "")]
    assert world.finish() == []
    balances = world.balances()
    assert (balances["clearing"], balances["suspense"]) == (2 * FULL_FEN - 1, FULL_FEN - 1)


def test_money_for_an_order_nobody_opened_is_suspended_in_its_region(world: World) -> None:
    unknown = make_no(world.region, Kind.ORDER, stranger_id(1))
    keep_notices(world.forged([(unknown, 12_345)]))
    assert world.settle().verdicts == Counter({"order_not_found": 1})
    (case,) = payments.open_cases(world.region)
    assert (case.kind, case.order_no, case.expected, case.found) == (
        "order_not_found",
        unknown,
        "no such order",
        "123.45 CNY",
    )
    balances = world.balances()
    assert (balances["clearing"], balances["suspense"]) == (12_345, 12_345)
    assert world.finish() == []


def test_money_under_a_number_of_no_region_is_suspended_at_the_nation(world: World) -> None:
    keep_notices(world.forged([("ORDER-OF-ANOTHER-SHOP", 777)]))
    assert world.settle().taken == 0
    assert settle_orders(NATION, clock=world.clock).verdicts == Counter({"order_not_found": 1})
    found = {str(balance.account_code): balance.balance_fen for balance in ledger.balances(NATION)}
    assert found == {"clearing": 777, "suspense": 777}
    assert [case.kind for case in payments.open_cases(NATION)] == ["order_not_found"]
    assert world.finish() == []


def test_second_capture_gets_a_row_of_its_own_and_is_owed_back(world: World) -> None:
    order = world.open_an_order(GRANDMOTHER)
    world.tell_notice(order)
    keep_notices(world.forged([(order.order_no, 8_000)]))
    assert world.settle().verdicts == Counter({"second_capture": 1})
    assert disposed(world, order) == [(8_000, "credited", ""), (8_000, "suspended", "second_capture")]
    assert kinds_of_cases(world) == ["second_capture"]
    assert world.finish() == []
    assert world.balances() == {
        "clearing": 16_000,
        "refund_payable": 8_000,
        "assistance_receivable": 72_000,
        "contribution_income": 80_000,
    }


def test_payment_after_close_is_suspended_and_the_freed_bill_is_paid_by_another_order(world: World) -> None:
    order = world.open_an_order()
    world.sandbox.add_fault("paid_after_close")
    world.clock.advance(timedelta(seconds=3))
    assert close_order(world.region, order.order_id, clock=world.clock).state is OrderState.CLOSED
    world.sandbox.deliver_notices()
    other = world.open_an_order()
    keep_notices(world.letters())
    assert world.settle().verdicts == Counter({"late_capture": 1})
    assert world.tell_notice(other).verdicts == Counter({"settled": 1})
    assert (world.order(order).state, world.order(other).state) == (OrderState.CLOSED, OrderState.SETTLED)
    assert disposed(world, order) == [(FULL_FEN, "suspended", "late_capture")]
    assert kinds_of_cases(world) == ["late_capture"]
    assert world.finish() == []
    balances = world.balances()
    assert (balances["clearing"], balances["refund_payable"]) == (2 * FULL_FEN, FULL_FEN)
    assert world.sandbox.findings() == []


def test_payment_after_expiry_is_suspended(world: World) -> None:
    order = world.open_an_order()
    world.advance(minutes=15, seconds=31)
    world.sandbox.add_fault("paid_after_close")
    assert world.chase() == 1
    assert world.order(order).state is OrderState.EXPIRED
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    assert world.settle().verdicts == Counter({"late_capture": 1})
    assert disposed(world, order) == [(FULL_FEN, "suspended", "late_capture")]
    assert [bill.state for bill in world.bills(PAYER)] == ["due"]
    assert world.finish() == []
    balances = world.balances()
    assert (balances["clearing"], balances["refund_payable"]) == (FULL_FEN, FULL_FEN)


def test_money_for_an_order_whose_bill_is_gone_is_suspended(world: World) -> None:
    order = world.open_an_order(PAYER, CHILD)
    tamper("UPDATE billing_bill SET state = 'due', order_id = NULL WHERE id = %s", order.bill_ids[1])
    assert world.tell_notice(order).verdicts == Counter({"bill_not_payable": 1})
    assert disposed(world, order) == [(2 * FULL_FEN, "suspended", "bill_not_payable")]
    assert [bill.state for bill in world.bills(PAYER, CHILD)] == ["due", "due"]
    assert world.order(order).state is OrderState.CLOSED
    assert kinds_of_cases(world) == ["bill_not_payable"]
    balances = world.balances()
    assert (balances["clearing"], balances["refund_payable"]) == (2 * FULL_FEN, 2 * FULL_FEN)


def test_one_bad_order_in_a_batch_holds_up_no_other(world: World) -> None:
    gone, good = world.open_an_order(PAYER), world.open_an_order(RELATIVE)
    tamper("UPDATE billing_bill SET state = 'due', order_id = NULL WHERE id = %s", gone.bill_ids[0])
    for order in (gone, good):
        world.pay(order)
    keep_notices(world.letters())
    assert world.settle().verdicts == Counter({"bill_not_payable": 1, "settled": 1})
    assert world.order(good).state is OrderState.SETTLED


def test_notice_that_tells_of_no_payment_is_judged_and_kept(world: World) -> None:
    order = world.open_an_order()
    world.sandbox.add_fault("notice_wrong_state")
    world.pay(order)
    (told,) = world.letters()
    assert told.notice.event is NoticeEvent.OTHER
    keep_notices([told])
    assert settle_orders(NATION, clock=world.clock).verdicts == Counter({"other_event": 1})
    assert world.order(order).state is OrderState.PLACED
    assert world.finish() == []


def test_batch_whose_process_dies_leaves_nothing_behind_and_is_settled_by_the_next(world: World) -> None:
    order = world.open_an_order(*FAMILY)
    world.pay(order)
    keep_notices(world.letters())
    before = counts(), world.balances()

    class Died(Exception):
        """The process is gone before it commits."""

    with pytest.raises(Died), region_tx(world.region) as tx:
        (notice,) = payments.claim_notices(tx, limit=10)
        assert notice.seen is not None
        (judged,) = settle_captures(tx, [notice.seen], now=world.clock.now())
        assert judged.verdict == "settled"
        raise Died
    assert (counts(), world.balances()) == before
    assert world.order(order).state is OrderState.PLACED
    assert world.settle().verdicts == Counter({"settled": 1})
    assert world.finish() == []


def test_notices_are_settled_oldest_first_and_no_more_than_asked_for(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:3]]
    for order in orders:
        world.clock.advance(timedelta(seconds=1))
        world.pay(order)
        keep_notices(world.letters())
    assert settle_orders(world.region, clock=world.clock, limit=2) == Tally(2, Counter({"settled": 2}))
    assert [str(world.order(order).state) for order in orders] == ["settled", "settled", "placed"]
    assert settle_orders(world.region, clock=world.clock, limit=2) == Tally(1, Counter({"settled": 1}))
    assert settle_orders(world.region, clock=world.clock, limit=2) == Tally(0, Counter())


def test_bill_keeps_when_the_channel_took_its_money_and_not_when_we_heard_of_it(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:2]]
    taken_at = {}
    for order in orders:
        world.advance(seconds=70)
        world.pay(order)
        taken_at[order.bill_ids[0]] = world.clock.now()
    world.clock.advance(timedelta(seconds=200))
    keep_notices(world.letters())
    assert world.settle().verdicts == Counter({"settled": 2})
    for bill in billing.bills(world.region, list(taken_at)):
        assert bill.paid_at is not None
        assert timedelta(0) <= bill.paid_at - taken_at[bill.bill_id] < timedelta(seconds=30)
    told = rows("SELECT bill_id, happened_at, recorded_at FROM billing_bill_history WHERE event = 'pay'")
    for bill_id, happened_at, recorded_at in told:
        assert (happened_at, recorded_at) == (billing.bill(world.region, UUID(str(bill_id))).paid_at, world.clock.now())
    assert world.finish() == []


def test_workers_at_once_on_one_heap_of_notices_share_it(world: World) -> None:
    orders = [world.open_an_order(resident) for resident in CROWD[:40]]
    wanted = [(order.order_no, int(order.amount_fen)) for order in orders]
    told = [world.verified(headers, body) for headers, body in world.sandbox.bulk_notices(wanted, is_paid_here=True)]
    keep_notices([*told, *map(_renumbered, told)])
    answers = at_once(*[lambda: settle_orders(world.region, clock=world.clock, limit=20)] * 4)
    assert [answer.taken for answer in answers if isinstance(answer, Tally)] == [20] * 4
    total = sum((answer.verdicts for answer in answers if isinstance(answer, Tally)), Counter[str]())
    assert total == Counter({"settled": 40, "exists": 40})
    assert world.finish() == []
    assert world.balances()["clearing"] == captured_fen() == 40 * FULL_FEN


def test_one_payment_without_an_order_told_to_several_workers_at_once_is_booked_once(world: World) -> None:
    unknown = [make_no(world.region, Kind.ORDER, stranger_id(number)) for number in range(5)]
    for turn, told in enumerate(world.forged([(order_no, 500) for order_no in unknown]), 1):
        keep_notices([told, _renumbered(told)])
        answers = at_once(*[lambda: settle_orders(world.region, clock=world.clock, limit=1)] * 3)
        verdicts = sum((answer.verdicts for answer in answers if isinstance(answer, Tally)), Counter[str]())
        assert verdicts == Counter({"order_not_found": 1, "exists": 1}), answers
        assert captured_fen() == world.balances()["suspense"] == turn * 500
    assert audit() == []
