"""Captures: one verdict each, in the promised order, also inside a batch and with two workers at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from psycopg.errors import InsufficientPrivilege

from canbao.kernel.connections import connection
from canbao.kernel.ids import Kind, parse_no
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import OrderState, Seen, Verdict
from canbao.payments.tests.desk import OURS, Desk
from tests.owner import as_owner

UNKNOWN_NO = "360100P0000000000X"


def captures(desk: Desk, order_no: str) -> list[tuple[str, int, str, str]]:
    """What was recorded under an order's number: transaction, amount, disposition, reason."""
    return [
        (found.trade_ref, found.amount_fen, found.disposition, found.reason)
        for found in payments.captures_of(desk.region, order_no)
    ]


def silent(desk: Desk) -> bool:
    """Whether the room's auditors find nothing."""
    return [finding for auditor in payments.AUDITORS for finding in auditor(desk.region)] == []


def test_every_verdict_in_one_batch(desk: Desk) -> None:
    paid, settled, closed, expired, short, foreign = (desk.open() for _ in range(6))
    desk.judge(desk.seen(settled.order_no, trade_ref="T-settled"))
    desk.move(closed, "close")
    desk.move(expired, "expire")
    batch = [
        (Verdict.SETTLED, desk.seen(paid.order_no, trade_ref="T1")),
        (Verdict.EXISTS, desk.seen(paid.order_no, trade_ref="T1")),
        (Verdict.EXISTS_WITH_OTHER_CONTENT, desk.seen(paid.order_no, 39_999, trade_ref="T1")),
        (Verdict.EXISTS_WITH_OTHER_CONTENT, desk.seen(short.order_no, trade_ref="T1")),
        (Verdict.EXISTS, desk.seen(settled.order_no, trade_ref="T-settled", currency="USD")),
        (Verdict.NOT_OURS, desk.seen(short.order_no, merchant_ref="1900000002", currency="USD")),
        (Verdict.NOT_OURS, desk.seen(short.order_no, app_ref="wx0000000000000002")),
        (Verdict.CURRENCY_DIFFERS, desk.seen(UNKNOWN_NO, currency="USD")),
        (Verdict.ORDER_NOT_FOUND, desk.seen(UNKNOWN_NO, trade_ref="T2")),
        (Verdict.EXISTS, desk.seen(UNKNOWN_NO, trade_ref="T2")),
        (Verdict.ORDER_NOT_FOUND, desk.seen(foreign.order_no, channel_code="other", trade_ref="T3")),
        (Verdict.AMOUNT_DIFFERS, desk.seen(settled.order_no, 40_001, trade_ref="T4")),
        (Verdict.AMOUNT_DIFFERS, desk.seen(short.order_no, 39_999, trade_ref="T5")),
        (Verdict.SECOND_CAPTURE, desk.seen(paid.order_no, trade_ref="T6")),
        (Verdict.SECOND_CAPTURE, desk.seen(settled.order_no, trade_ref="T7")),
        (Verdict.LATE_CAPTURE, desk.seen(closed.order_no, trade_ref="T8")),
        (Verdict.LATE_CAPTURE, desk.seen(expired.order_no, trade_ref="T9")),
        (Verdict.EXISTS, desk.seen(closed.order_no, trade_ref="T8")),
    ]
    assert desk.verdicts(*(seen for _, seen in batch)) == [verdict for verdict, _ in batch]
    assert sorted(captures(desk, paid.order_no)) == [
        ("T1", 40_000, "credited", ""),
        ("T6", 40_000, "suspended", "second_capture"),
    ]
    assert captures(desk, closed.order_no) == [("T8", 40_000, "suspended", "late_capture")]
    assert captures(desk, short.order_no) == [("T5", 39_999, "suspended", "amount_differs")]
    assert captures(desk, foreign.order_no) == [("T3", 40_000, "suspended", "order_not_found")]
    states = [desk.again(order).state for order in (paid, settled, closed, expired, short, foreign)]
    assert states == ["settled", "settled", "closed", "expired", "open", "open"]
    kinds = sorted(case.kind for case in payments.open_cases(desk.region))
    assert kinds == sorted(
        ["exists_with_other_content"] * 2
        + ["not_ours"] * 2
        + ["currency_differs"]
        + ["order_not_found"] * 2
        + ["amount_differs"] * 2
        + ["second_capture"] * 2
        + ["late_capture"] * 2
    )
    assert silent(desk)


def test_batch_told_again_changes_nothing(desk: Desk) -> None:
    orders = [desk.open() for _ in range(3)]
    told = [desk.seen(order.order_no, trade_ref=f"T{place}") for place, order in enumerate(orders)]
    told.append(desk.seen(UNKNOWN_NO, 1, trade_ref="T9"))
    assert desk.verdicts(*told) == [Verdict.SETTLED] * 3 + [Verdict.ORDER_NOT_FOUND]
    before = [desk.again(order) for order in orders]
    cases = payments.open_cases(desk.region)
    desk.clock.advance(timedelta(hours=1))
    assert desk.verdicts(*told) == [Verdict.EXISTS] * 4
    assert [desk.again(order) for order in orders] == before
    assert payments.open_cases(desk.region) == cases


def test_settled_order_says_by_which_transaction_and_when(desk: Desk) -> None:
    order = desk.open()
    desk.clock.advance(timedelta(seconds=7))
    desk.judge(desk.seen(order.order_no, trade_ref="T1"))
    after = desk.again(order)
    assert (after.state, after.trade_ref, after.next_ask_at) == (OrderState.SETTLED, "T1", None)
    assert after.settled_at == after.ended_at == desk.clock.now()
    assert payments.events_of(desk.region, order.order_id)[-1].cause == "T1"


def test_capture_whose_bills_cannot_be_paid_is_suspended_and_leaves_the_order_alone(desk: Desk) -> None:
    order = desk.open()
    with region_tx(desk.region) as tx:
        (judged,) = payments.judge_captures(tx, [desk.seen(order.order_no, trade_ref="T1")], {"wechat": OURS})
        payments.record(tx, [judged.suspended(Verdict.BILL_NOT_PAYABLE)], now=desk.clock.now())
    assert captures(desk, order.order_no) == [("T1", 40_000, "suspended", "bill_not_payable")]
    assert desk.again(order) == order
    assert [case.kind for case in payments.open_cases(desk.region)] == ["bill_not_payable"]


def test_case_names_both_sides_and_has_a_number_that_can_be_read_out(desk: Desk) -> None:
    order = desk.open()
    desk.judge(desk.seen(order.order_no, 39_999), desk.seen(UNKNOWN_NO, 123_456))
    differs, unknown = sorted(payments.open_cases(desk.region), key=lambda case: case.kind)
    assert (differs.expected, differs.found) == ("400.00 CNY", "399.99 CNY")
    assert (unknown.expected, unknown.found) == ("no such order", "1,234.56 CNY")
    assert parse_no(differs.case_no, Kind.CASE).region_code == desk.region
    assert payments.case_of_order(desk.region, order.order_no) == differs
    assert payments.case_of_order(desk.region, "360100P0000000001X") is None


def test_overdue_order_is_one_case_however_often_it_is_put_before_a_person(desk: Desk) -> None:
    order = desk.open()
    for _ in range(3):
        with region_tx(desk.region) as tx:
            payments.open_overdue_case(tx, order_id=order.order_id, order_no=order.order_no, now=desk.clock.now())
    (case,) = payments.open_cases(desk.region)
    assert (case.kind, case.order_no, case.expected, case.found) == (
        "outcome_overdue",
        order.order_no,
        "an explicit answer",
        "none",
    )


def test_order_of_one_region_is_no_order_of_another(desk: Desk, other_region: RegionCode) -> None:
    order = desk.open()
    elsewhere = Desk(region=other_region, clock=desk.clock)
    assert elsewhere.verdicts(desk.seen(order.order_no)) == [Verdict.ORDER_NOT_FOUND]
    assert desk.again(order).state == "open"
    assert captures(desk, order.order_no) == []
    assert [found[3] for found in captures(elsewhere, order.order_no)] == ["order_not_found"]


@pytest.mark.parametrize("workers", [2, 8])
def test_workers_at_once_settle_each_order_once(desk: Desk, workers: int) -> None:
    orders = [desk.open() for _ in range(10)]
    told = [desk.seen(order.order_no) for order in orders]
    ready = threading.Barrier(workers)

    def run(worker: int) -> list[Verdict]:
        mine = told if worker % 2 else list(reversed(told))
        ready.wait(10)
        return desk.verdicts(*mine)

    with ThreadPoolExecutor(workers) as threads:
        answers = list(threads.map(run, range(workers)))
    given = [verdict for answer in answers for verdict in answer]
    assert (given.count(Verdict.SETTLED), given.count(Verdict.EXISTS)) == (10, 10 * (workers - 1))
    with as_owner() as session:
        found = session.execute("SELECT count(*), count(DISTINCT order_id) FROM payments_capture").fetchone()
    assert found == (10, 10)
    assert silent(desk)


def test_two_transactions_for_one_order_at_once_are_one_settlement_and_one_suspense(desk: Desk) -> None:
    order = desk.open()
    ready = threading.Barrier(2)

    def run(seen: Seen) -> list[Verdict]:
        ready.wait(10)
        return desk.verdicts(seen)

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(run, [desk.seen(order.order_no), desk.seen(order.order_no)]))
    assert answers == [[Verdict.SECOND_CAPTURE], [Verdict.SETTLED]]
    assert sorted(found[2] for found in captures(desk, order.order_no)) == ["credited", "suspended"]


def test_captures_and_lines_cannot_be_rewritten_by_the_application(desk: Desk) -> None:
    order = desk.open()
    desk.judge(desk.seen(order.order_no))
    for statement in (
        "UPDATE payments_capture SET amount_fen = 1",
        "DELETE FROM payments_capture",
        "UPDATE payments_order_line SET amount_fen = 1",
        "DELETE FROM payments_order_event",
    ):
        with pytest.raises(InsufficientPrivilege), connection() as session:
            session.execute(statement.encode())
    assert captures(desk, order.order_no)[0][1] == 40_000
