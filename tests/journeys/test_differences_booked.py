"""What the assisting fund owes for lessened bills is what billing undid of them: each way of deviating is found."""

from __future__ import annotations

from datetime import timedelta

import pytest

from canbao.billing import public as billing
from canbao.billing.public import Bill, BillUndoing, UndoStatus
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen
from canbao.kernel.transactions import region_tx
from canbao.payments.public import Order
from canbao.reconciliation.public import AUDITORS
from canbao.rulebook.refund import BillAfter
from tests.world import CHILD, PAYER, World, rows, tamper

FIRST_FEN, SECOND_FEN = 32_000, 1_000
(AUDITOR,) = [auditor for auditor in AUDITORS if auditor.__name__ == "differences_are_booked"]


def undo(world: World, order: Order, bill: Bill, amount: int, after: BillAfter, refund: str) -> None:
    """What the approval of a refund undoes of a bill; the books follow when the event is delivered."""
    undoing = BillUndoing(
        bill_id=bill.bill_id,
        refund_id=derived_id("test.refund", refund),
        order_id=order.order_id,
        amount_fen=Fen(amount),
        after=after,
    )
    with region_tx(world.region) as tx:
        assert billing.undo(tx, [undoing], now=world.clock.now()) == [UndoStatus.UNDONE]
    world.clock.advance(timedelta(minutes=1))


@pytest.fixture
def lessened(world: World) -> tuple[Bill, Bill]:
    """Two paid bills of one order: one lessened twice and then undone as a whole, the other lessened once."""
    order = world.open_an_order(PAYER, CHILD)
    world.tell_notice(order)
    (whole,), (part,) = world.bills(PAYER), world.bills(CHILD)
    undo(world, order, whole, FIRST_FEN, BillAfter.REASSESSED, "first")
    undo(world, order, whole, SECOND_FEN, BillAfter.REASSESSED, "second")
    undo(world, order, part, FIRST_FEN, BillAfter.REASSESSED, "third")
    undo(world, order, whole, whole.personal_fen - FIRST_FEN - SECOND_FEN, BillAfter.VOID, "fourth")
    return whole, part


def found(world: World) -> list[tuple[str, str, str]]:
    """What the auditor says: which bill, what was expected, what is there."""
    return [(one.subject, one.expected, one.found) for one in AUDITOR(world.region)]


def test_auditor_waits_for_the_event_and_is_silent_when_it_is_booked(world: World, lessened: tuple[Bill, Bill]) -> None:
    assert found(world) == []
    world.finish()
    booked = rows(
        "SELECT kind, amount_fen FROM ledger_transfer WHERE kind LIKE 'difference%%' ORDER BY kind, amount_fen"
    )
    assert booked == [
        ("difference_met", SECOND_FEN), ("difference_met", FIRST_FEN), ("difference_met", FIRST_FEN),
        ("difference_returned", FIRST_FEN + SECOND_FEN),
    ]  # fmt: skip
    assert found(world) == []


ANOTHER = (
    "INSERT INTO ledger_transfer SELECT (jsonb_populate_record(moved, jsonb_build_object('id', gen_random_uuid()) || {}"
    ")).* FROM ledger_transfer AS moved WHERE kind = '{}' AND bill_id = %s"
)
DEVIATIONS: dict[str, tuple[str, int, tuple[str, str]]] = {
    "met: missing": (
        "DELETE FROM ledger_transfer WHERE kind = 'difference_met' AND bill_id = %s", 1,
        ("difference_met 320.00", "booked 0.00"),
    ),
    "met: another amount": (
        "UPDATE ledger_transfer SET amount_fen = 31999 WHERE kind = 'difference_met' AND bill_id = %s", 1,
        ("difference_met 320.00", "booked 319.99"),
    ),
    "met: twice": (
        ANOTHER.format("'{}'", "difference_met"), 1,
        ("difference_met 320.00", "booked 640.00"),
    ),
    "met: of a refund that undid nothing": (
        ANOTHER.format("jsonb_build_object('cause_id', gen_random_uuid())", "difference_met"), 1,
        ("difference_met 0.00", "booked 320.00"),
    ),
    "met: of no refund": (
        ANOTHER.format("'{\"cause_id\": null}'", "difference_met"), 1,
        ("difference_met 0.00", "booked 320.00"),
    ),
    "returned: missing": (
        "DELETE FROM ledger_transfer WHERE kind = 'difference_returned' AND bill_id = %s", 0,
        ("difference_returned 330.00", "booked 0.00"),
    ),
    "returned: the last difference only": (
        "UPDATE ledger_transfer SET amount_fen = 1000 WHERE kind = 'difference_returned' AND bill_id = %s", 0,
        ("difference_returned 330.00", "booked 10.00"),
    ),
    "returned: twice": (
        ANOTHER.format("'{}'", "difference_returned"), 0,
        ("difference_returned 330.00", "booked 660.00"),
    ),
    "returned: of a bill that is still paid": (
        ANOTHER.format("'{\"kind\": \"difference_returned\"}'", "difference_met"), 1,
        ("difference_returned 0.00", "booked 320.00"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("deviation", DEVIATIONS)
def test_each_deviation_is_found_with_both_amounts(world: World, lessened: tuple[Bill, Bill], deviation: str) -> None:
    world.finish()
    statement, which, (expected, said) = DEVIATIONS[deviation]
    bill = lessened[which]
    assert tamper(statement, bill.bill_id) == 1
    assert found(world) == [(f"bill {bill.bill_id}", expected, said)]


def test_undoing_that_names_another_refund_is_found_from_both_sides(world: World, lessened: tuple[Bill, Bill]) -> None:
    world.finish()
    subject = f"bill {lessened[1].bill_id}"
    changed = tamper(
        "UPDATE billing_bill SET refund_id = gen_random_uuid() WHERE reverses_id = %s", lessened[1].bill_id
    )
    assert changed == 1
    assert found(world) == [
        (subject, "difference_met 0.00", "booked 320.00"), (subject, "difference_met 320.00", "booked 0.00"),
    ]  # fmt: skip
