"""What a refund undoes, across rooms: the bill, its cover, its voucher and the books agree, and a fault between any two
of them is found.
"""

from __future__ import annotations

import pytest

from canbao.billing import public as billing
from canbao.billing.public import Bill, BillState, BillUndoing, UndoStatus
from canbao.coverage import public as coverage
from canbao.coverage.public import CoverToEnd, EndStatus
from canbao.documents import public as documents
from canbao.documents.public import VerdictState, VoidReason, VoidStatus
from canbao.journeys.audit_books import audit_books
from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.ledger.public import AccountCode, AssistanceReturned, BillRefunded, Fact, PostStatus
from canbao.payments.public import Order
from canbao.rulebook.refund import BillAfter
from tests.world import CHILD, FAMILY, GRANDMOTHER, NEWBORN, PAYER, RELATIVE, World, rows, tamper

OF_REFUNDS = {"reconciliation.refunds_are_booked", "reconciliation.refunds_owed_are_payable"}
"""What compares with the refunds themselves, which these tests have none of."""

DIFFERENCE_FEN = 36_000


@pytest.fixture
def order(world: World) -> Order:
    """A family's settled order with its cover."""
    order = world.open_an_order(*FAMILY)
    world.tell_notice(order)
    assert world.finish() == []
    return world.order(order)


def found(world: World) -> set[str]:
    """The auditors that found something, but for those of the refunds themselves."""
    return {finding.auditor for finding in audit_books(world.region)} - OF_REFUNDS


def undo(
    world: World, order: Order, bill: Bill, after: BillAfter, amount: int, *, is_voucher_voided: bool = True
) -> None:
    """What the approval of a refund does to everything but the refund."""
    refund_id, now = derived_id("test.refund", str(bill.bill_id)), world.clock.now()
    facts: list[Fact] = [
        BillRefunded(
            refund_id=refund_id,
            order_id=order.order_id,
            bill_id=bill.bill_id,
            scheme_code=bill.scheme_code,
            due_from=bill.due_from,
            due_until=bill.due_until,
            channel_code=order.channel_code,
            amount_fen=Fen(amount),
            happened_at=now,
        )
    ]
    if after is not BillAfter.REASSESSED and bill.assistance_fen:
        facts.append(
            AssistanceReturned(
                refund_id=refund_id,
                bill_id=bill.bill_id,
                scheme_code=bill.scheme_code,
                due_from=bill.due_from,
                due_until=bill.due_until,
                amount_fen=bill.assistance_fen,
                happened_at=now,
            )
        )
    undoing = BillUndoing(
        bill_id=bill.bill_id, refund_id=refund_id, order_id=order.order_id, amount_fen=Fen(amount), after=after
    )
    covers = coverage.of_bills(world.region, [bill.bill_id])
    with region_tx(world.region) as tx:
        assert billing.undo(tx, [undoing], now=now) == [UndoStatus.UNDONE]
        if undoing.is_whole:
            endings = [CoverToEnd(bill_id=one.bill_id, until_on=one.from_on, reason="refund") for one in covers]
            assert coverage.end(tx, endings, now=now) == [EndStatus.ENDED]
        if is_voucher_voided:
            documents.void(tx, [order.order_id], reason=VoidReason.REFUNDED, now=now)
        assert ledger.post(tx, facts, now=now) == [PostStatus.POSTED] * len(facts)


def named(voucher_no: str) -> list[tuple[object, ...]]:
    """The bills that a voucher names beside it in clear, with what was paid of each."""
    return rows(
        "SELECT line.bill_id, line.paid_fen FROM documents_voucher_line AS line "
        "JOIN documents_voucher AS voucher ON voucher.id = line.voucher_id WHERE voucher_no = %s ORDER BY line.place",
        voucher_no,
    )


def test_rooms_agree_after_a_bill_is_due_again_another_void_and_a_third_lessened(world: World, order: Order) -> None:
    payer, child, grandmother = (bill for one in (PAYER, CHILD, GRANDMOTHER) for bill in world.bills(one))
    voucher = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    before = {row.account_code: row.balance_fen for row in ledger.balances(world.region)}
    undo(world, order, payer, BillAfter.DUE_AGAIN, payer.personal_fen)
    undo(world, order, grandmother, BillAfter.VOID, grandmother.personal_fen)
    undo(world, order, child, BillAfter.REASSESSED, DIFFERENCE_FEN)
    assert found(world) == set()
    back = payer.personal_fen + grandmother.personal_fen + DIFFERENCE_FEN
    after = {row.account_code: row.balance_fen for row in ledger.balances(world.region)}
    assert after[AccountCode.REFUND_PAYABLE] == back
    assert after[AccountCode.CLEARING] == before[AccountCode.CLEARING]
    income, receivable = AccountCode.CONTRIBUTION_INCOME, AccountCode.ASSISTANCE_RECEIVABLE
    assert before[income] - after[income] == back + grandmother.assistance_fen
    assert before[receivable] - after[receivable] == grandmother.assistance_fen
    [again] = world.bills(PAYER)
    assert (again.state, again.personal_fen) == (BillState.DUE, payer.personal_fen)
    assert [bill.state for bill in world.bills(CHILD)] == [BillState.PAID]
    verdict = documents.verify(voucher.voucher_no)
    assert (verdict.state, verdict.voided_on) == (VerdictState.VOIDED, world.clock.today())
    second = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    [child_id, newborn_id] = [bill.bill_id for bill in world.bills(CHILD, NEWBORN)]
    assert named(second.voucher_no) == [(child_id, child.personal_fen - DIFFERENCE_FEN), (newborn_id, 40_000)]
    assert documents.verify(second.voucher_no).total_fen == 44_000
    assert found(world) == set()


def test_bill_that_is_due_again_is_paid_and_covered_again(world: World, order: Order) -> None:
    [payer] = world.bills(PAYER)
    undo(world, order, payer, BillAfter.DUE_AGAIN, payer.personal_fen)
    world.tell_notice(world.open_an_order(PAYER))
    assert {finding.auditor for finding in world.finish()} - OF_REFUNDS == set()
    [again] = world.bills(PAYER)
    assert again.state is BillState.PAID
    assert [cover.bill_id for cover in coverage.of_bills(world.region, [payer.bill_id, again.bill_id])] == [
        again.bill_id
    ]


@pytest.mark.parametrize("after", [BillAfter.DUE_AGAIN, BillAfter.VOID, BillAfter.REASSESSED])
def test_first_voucher_after_a_refund_names_what_stands(world: World, order: Order, after: BillAfter) -> None:
    [payer] = world.bills(PAYER)
    others = [(bill.bill_id, bill.personal_fen) for bill in world.bills(CHILD, GRANDMOTHER, NEWBORN)]
    undo(world, order, payer, after, payer.personal_fen)
    voucher = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    # Lessened to nothing, a bill is paid all the same, by others: its cover stands.
    still = [(payer.bill_id, 0)] if after is BillAfter.REASSESSED else []
    assert named(voucher.voucher_no) == still + others
    assert documents.verify(voucher.voucher_no).total_fen == 88_000
    assert found(world) == set()


def test_order_lessened_to_nothing_has_a_voucher_over_what_others_paid(world: World) -> None:
    alone = world.open_an_order(RELATIVE)
    world.tell_notice(alone)
    assert world.finish() == []
    [relative] = world.bills(RELATIVE)
    undo(world, alone, relative, BillAfter.REASSESSED, relative.personal_fen)
    voucher = issue_voucher_of_order(world.region, alone.order_id, clock=world.clock)
    verdict = documents.verify(voucher.voucher_no)
    assert (verdict.state, verdict.total_fen, [line.paid_fen for line in verdict.lines]) == ("genuine", 0, [0])
    assert found(world) == set()


@pytest.mark.parametrize("after", [BillAfter.DUE_AGAIN, BillAfter.VOID])
def test_no_voucher_is_made_when_nothing_stands(world: World, order: Order, after: BillAfter) -> None:
    for bill in world.bills(*FAMILY):
        undo(world, order, bill, after, bill.personal_fen)
    with pytest.raises(CanbaoError, match=r"documents\.refunded"):
        issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    assert documents.voucher_of(world.region, order.order_id) is None
    with region_tx(world.region) as tx:
        statuses = documents.void(tx, [order.order_id], reason=VoidReason.REFUNDED, now=world.clock.now())
    assert statuses == [VoidStatus.NOT_FOUND]


def test_voucher_that_stands_after_a_refund_is_found(world: World, order: Order) -> None:
    issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    [payer] = world.bills(PAYER)
    undo(world, order, payer, BillAfter.VOID, payer.personal_fen, is_voucher_voided=False)
    assert found(world) == {"reconciliation.vouchers_name_what_stands"}


LEDGER = {
    "ledger.balances_equal_their_history",
    "ledger.snapshots_equal_their_past",
    "ledger.chain_is_intact",
    "ledger.transfers_are_bound",
    "ledger.days_are_what_was_sealed",
}
OF_PAYER = "(SELECT reverses_id FROM billing_bill WHERE refund_id IS NOT NULL AND kind = 'reversal')"
FAULTS: dict[str, tuple[str, set[str]]] = {
    "refund of a bill booked with less": (
        "UPDATE ledger_transfer SET amount_fen = amount_fen - 1 WHERE kind = 'bill_refunded'",
        {"reconciliation.undone_bills_are_booked"},
    ),
    "refund of a bill not booked": (
        "DELETE FROM ledger_transfer WHERE kind = 'bill_refunded'",
        {"reconciliation.undone_bills_are_booked"},
    ),
    "assistance not returned": (
        "DELETE FROM ledger_transfer WHERE kind = 'assistance_returned'",
        {"reconciliation.undone_bills_are_booked"},
    ),
    "record of the undoing names another refund": (
        "UPDATE billing_bill SET refund_id = gen_random_uuid() WHERE refund_id IS NOT NULL",
        {"reconciliation.undone_bills_are_booked"},
    ),
    "record of the undoing names no refund": (
        "UPDATE billing_bill SET refund_id = NULL WHERE refund_id IS NOT NULL",
        {"reconciliation.undone_bills_are_booked", "reconciliation.settled_orders_paid_their_bills"},
    ),
    "cover of an undone bill goes on": (
        f"UPDATE coverage_period SET state = 'in_force', until_on = '2026-01-01' WHERE bill_id = {OF_PAYER}",
        {"reconciliation.bills_met_have_cover", "coverage.histories_end_in_the_state"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found(world: World, order: Order, fault: str) -> None:
    [grandmother] = world.bills(GRANDMOTHER)
    undo(world, order, grandmother, BillAfter.VOID, grandmother.personal_fen)
    assert found(world) == set()
    statement, expected = FAULTS[fault]
    assert tamper(statement) == 1
    assert found(world) - LEDGER == expected
