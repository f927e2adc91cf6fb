"""Every auditor that compares rooms finds the fault it is there for: planted behind the rooms' back, as the owner."""

from __future__ import annotations

import pytest

from canbao.journeys.audit_books import audit_books, auditors
from canbao.journeys.keep_notices import keep_notices
from canbao.payments.public import Order
from tests.world import FAMILY, PAYER, RELATIVE, SHIJIAZHUANG, World, tamper


@pytest.fixture
def books(world: World) -> Order:
    """A family's settled order, a capture in suspense, and a live order over the relative's bill: nothing is wrong."""
    order = world.open_an_order(*FAMILY)
    world.tell_notice(order)
    keep_notices(world.forged([(order.order_no, 777)]))
    world.settle()
    world.open_an_order(RELATIVE)
    assert world.finish() == []
    return order


def found(world: World) -> set[str]:
    """The auditors that found something."""
    return {finding.auditor for finding in audit_books(world.region)}


PAID = "(SELECT id FROM billing_bill WHERE state = 'paid' ORDER BY id LIMIT 1)"
FAULTS: dict[str, tuple[str, set[str]]] = {
    "credited capture changed": (
        "UPDATE payments_capture SET amount_fen = amount_fen + 1 WHERE disposition = 'credited'",
        {"payments.settled_means_captured", "reconciliation.transfers_equal_captures"},
    ),
    "suspended capture changed": (
        "UPDATE payments_capture SET amount_fen = amount_fen + 1 WHERE disposition = 'suspended'",
        {"reconciliation.transfers_equal_captures"},
    ),
    "suspended capture removed": (
        "DELETE FROM payments_capture WHERE disposition = 'suspended'",
        {"payments.notices_leave_a_trace", "reconciliation.transfers_equal_captures"},
    ),
    "transfer of a capture removed": (
        "DELETE FROM ledger_transfer WHERE kind = 'capture_suspended'",
        {
            "ledger.balances_equal_their_history",
            "ledger.snapshots_equal_their_past",
            "ledger.chain_is_intact",
            "reconciliation.transfers_equal_captures",
        },
    ),
    "transfer of a bill changed": (
        f"UPDATE ledger_transfer SET amount_fen = amount_fen - 1 WHERE kind = 'bill_collected' AND bill_id = {PAID}",
        {
            "ledger.balances_equal_their_history",
            "ledger.snapshots_equal_their_past",
            "ledger.chain_is_intact",
            "reconciliation.transfers_equal_captures",
            "reconciliation.settled_orders_paid_their_bills",
        },
    ),
    "paid bill taken back": (
        f"UPDATE billing_bill SET state = 'due', order_id = NULL, paid_at = NULL WHERE id = {PAID}",
        {
            "billing.histories_end_in_the_state",
            "reconciliation.settled_orders_paid_their_bills",
            "reconciliation.bills_met_have_cover",
        },
    ),
    "bill paid by nobody": (
        "UPDATE billing_bill SET state = 'paid', order_id = gen_random_uuid(), paid_at = now() "
        "WHERE id = (SELECT id FROM billing_bill WHERE state = 'due' ORDER BY id LIMIT 1)",
        {
            "billing.histories_end_in_the_state",
            "reconciliation.paid_bills_have_one_order",
            "reconciliation.bills_met_have_cover",
        },
    ),
    "locked bill without its order": (
        "UPDATE payments_order SET state = 'closed' WHERE state = 'placed'",
        {"payments.history_explains_states", "reconciliation.paid_bills_have_one_order"},
    ),
    "bill paid by another order than the books say": (
        f"UPDATE billing_bill SET order_id = gen_random_uuid() WHERE id = {PAID}",
        {"reconciliation.settled_orders_paid_their_bills"},
    ),
    "cover removed": (
        f"DELETE FROM coverage_period WHERE bill_id = {PAID}",
        {"reconciliation.bills_met_have_cover"},
    ),
    "cover for a bill that is not met": (
        "UPDATE coverage_period SET bill_id = (SELECT id FROM billing_bill WHERE state = 'due' ORDER BY id LIMIT 1) "
        f"WHERE bill_id = {PAID}",
        {"reconciliation.bills_met_have_cover"},
    ),
    "line of a settled order changed": (
        f"UPDATE payments_order_line SET amount_fen = amount_fen - 1 WHERE bill_id = {PAID}",
        {"payments.lines_add_up", "reconciliation.settled_orders_paid_their_bills"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found(world: World, books: Order, fault: str) -> None:
    statement, expected = FAULTS[fault]
    assert tamper(statement) == 1
    assert found(world) == expected
    assert audit_books(SHIJIAZHUANG) == []


def test_missing_cover_is_no_fault_while_its_event_still_waits(world: World) -> None:
    world.tell_notice(world.open_an_order(PAYER))
    assert found(world) == set()
    assert tamper("UPDATE kernel_outbox_event SET delivered_at = now() WHERE delivered_at IS NULL") == 1
    assert found(world) == {"reconciliation.bills_met_have_cover"}


def test_every_auditor_has_a_name_of_its_own_and_says_what_it_holds() -> None:
    names = [f"{auditor.__module__}.{auditor.__name__}" for auditor in auditors()]
    assert len(set(names)) == len(names) == len(auditors())
    assert [name for name, auditor in zip(names, auditors(), strict=True) if not auditor.__doc__] == []
