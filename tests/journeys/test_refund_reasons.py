"""Every reason for which two people give money back, from the payment to the payer's account: what the bill, the cover,
the voucher, the books and the page say when it is over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from canbao.billing import public as billing
from canbao.channels import catalogue
from canbao.channels.interface import Mode, Outcome, PlaceOrder
from canbao.coverage import public as coverage
from canbao.documents import public as documents
from canbao.documents.public import VerdictState
from canbao.doors.citizen.order_reading import order_shown
from canbao.doors.citizen.order_shown import OrderFace, OrderShown
from canbao.doors.frame.reader import Language
from canbao.doors.verify.shown import verdict_shown
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.import_register import import_register
from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.refund_order import approve_refund, ask_refund, check_refund
from canbao.journeys.resolve_discrepancy import propose_resolution, take_discrepancy
from canbao.journeys.settle_orders import settle_orders
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.outbox import append
from canbao.kernel.regions import NATION
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.payments.public import Order, OrderState, Refund, RefundState
from canbao.reconciliation.public import Act
from canbao.rulebook.refund import RefundReason
from tests.world import (
    CHILD,
    FULL_FEN,
    GRANDMOTHER,
    PAYER,
    RELATIVE,
    Resident,
    World,
    audit,
    counts,
    rows,
    stranger_id,
    write_register,
)

ASSISTED_FEN, DIFFERENCE_FEN = 8_000, 32_000
"""What an assisted adult pays in Nanchang for 2025, and how much less that is than the full amount."""

TODAY = date(2024, 11, 15)
DAY_BEFORE = date(2024, 11, 14)


def paid(world: World, *residents: Resident) -> Order:
    """An order that was paid, with its cover."""
    order = world.open_an_order(*residents)
    world.tell_notice(order)
    assert world.finish() == []
    return world.order(order)


def ask(
    world: World, order_no: str, reason: RefundReason, *, event_on: date | None = None, bill: billing.Bill | None = None
) -> Refund:
    """Li asks for what is left of the payment, or for what one bill has left of it."""
    (found,) = payments.refundables_of(world.region, order_no)
    return ask_refund(
        world.region,
        order_no,
        reason=reason,
        quoted_left_fen=found.left_fen,
        by="li",
        bill_ids=(bill.bill_id,) if bill is not None else (),
        event_on=event_on,
        clock=world.clock,
    )


def approve(world: World, refund: Refund) -> Refund:
    """Li checks, Wang approves, and the channel hears of it."""
    check_refund(refund.refund_no, by="li", clock=world.clock)
    return approve_refund(refund.refund_no, by="wang", notify_url=world.addresses.notify_url, clock=world.clock)


def succeed(world: World, refund: Refund) -> Refund:
    """The channel gives the money back, and its notice is judged."""
    world.sandbox.finish_refund(refund.refund_no)
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    assert dict(world.settle().verdicts) == {"succeeded": 1}
    return payments.refund(world.region, refund.refund_id)


def page(world: World, order: Order) -> OrderShown:
    """What the payer reads under her order's address."""
    return order_shown(
        world.order(order),
        came_back=False,
        in_wechat=False,
        said_unpaid=False,
        language=Language.SIMPLIFIED,
        clock=world.clock,
    )


def endings(order: Order) -> list[tuple[object, ...]]:
    """How the covers of an order's bills ended: from their first day, until what was, until what is, and why."""
    return rows(
        "SELECT from_on, until_on_from, until_on, reason FROM coverage_public_ending WHERE bill_id = ANY(%s)",
        list(order.bill_ids),
    )


WHOLE: list[tuple[RefundReason, Resident, date | None, int, str]] = [
    (RefundReason.INSURED_ELSEWHERE, GRANDMOTHER, None, ASSISTED_FEN, "voided"),
    (RefundReason.EMPLOYEE_COVER, PAYER, DAY_BEFORE, FULL_FEN, "voided"),
    (RefundReason.DEATH, GRANDMOTHER, DAY_BEFORE, ASSISTED_FEN, "voided"),
    (RefundReason.WRONG_PERSON, CHILD, None, FULL_FEN, "reversed"),
    (RefundReason.WRONG_YEAR, RELATIVE, None, FULL_FEN, "reversed"),
]


@pytest.mark.parametrize(("reason", "resident", "event_on", "amount", "state"), WHOLE)
def test_bill_undone_as_a_whole_leaves_nothing_behind(
    world: World, reason: RefundReason, resident: Resident, event_on: date | None, amount: int, state: str
) -> None:
    before = world.balances()
    order = paid(world, resident)
    voucher = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    refund = approve(world, ask(world, order.order_no, reason, event_on=event_on))
    assert (refund.state, refund.amount_fen, refund.from_suspense) == ("sent", amount, False)
    assert world.finish() == []
    # Owed to the payer, and still with the channel; income and assistance are as if nothing had been paid.
    assert world.balances() == {**before, "clearing": amount, "refund_payable": amount}
    waiting = page(world, order)
    assert (waiting.face, waiting.refund_title, waiting.has_voucher) == (OrderFace.MONEY_BACK, "under_way", False)

    done = succeed(world, refund)
    assert (done.state, done.succeeded_at is not None) == ("succeeded", True)
    assert world.finish() == []
    assert world.balances() == before
    [bill] = billing.bills(world.region, order.bill_ids)
    assert (str(bill.state), bill.paid_by) == (state, None)
    # A bill that is due again is another one of the same price; one that is void is owed no more.
    again = billing.bills_of(world.region, [bill.person_id], TODAY)
    assert [(str(one.state), one.personal_fen) for one in again] == ([("due", amount)] if state == "reversed" else [])
    assert coverage.of_bills(world.region, order.bill_ids) == []
    [(from_on, _, until_on, why)] = endings(order)
    assert (from_on, until_on, str(why)) == (date(2025, 1, 1), date(2025, 1, 1), f"refund {refund.refund_no}: {reason}")
    verdict = documents.verify(voucher.voucher_no)
    assert (verdict.state, verdict.voided_on) == (VerdictState.VOIDED, TODAY)
    assert verdict_shown(verdict).is_voided
    shown = page(world, order)
    assert (shown.face, shown.refund_title, shown.has_voucher) == (OrderFace.MONEY_BACK, "done", False)
    [sentence] = [one.sentence for one in shown.refunds]
    assert "已退回微信" in sentence
    # Why it went back may tell of a person, and is not on the page.
    assert not any(word in sentence for word in ("死亡", "职工", "参保", "身份"))
    assert world.sandbox.refund(refund.refund_no)["state"] == "SUCCESS"
    assert world.sandbox.findings() == []


def recognise(world: World, folder: Path, resident: Resident, identities: str = "minimum_living:2024-11-01:") -> None:
    """The register learns that she has been assisted since the first of the month, or what else it says of her."""
    row = replace(resident, identities=identities)
    import_register(world.region, write_register(folder / "recognised.csv", [row]), clock=world.clock, processes=1)


def test_difference_goes_back_and_the_assisting_fund_owes_it(world: World, tmp_path: Path) -> None:
    order = paid(world, PAYER, CHILD)
    voucher = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    before = world.balances()
    covers = coverage.of_bills(world.region, order.bill_ids)
    recognise(world, tmp_path, PAYER)
    [bill] = world.bills(PAYER)
    refund = approve(
        world, ask(world, order.order_no, RefundReason.IDENTITY_RECOGNISED, event_on=date(2024, 11, 1), bill=bill)
    )
    assert (refund.amount_fen, refund.bill_after) == (DIFFERENCE_FEN, "reassessed")
    assert world.finish() == []
    owed = before.get("assistance_receivable", 0) + DIFFERENCE_FEN
    assert world.balances() == {**before, "assistance_receivable": owed, "refund_payable": DIFFERENCE_FEN}
    succeed(world, refund)
    assert world.finish() == []
    # The contribution is what it was: the payer bears 80 yuan of her 400, the assisting fund 320.
    left = before["clearing"] - DIFFERENCE_FEN
    assert world.balances() == {**before, "assistance_receivable": owed, "clearing": left}
    [booked] = rows(
        "SELECT kind, bill_id, cause_id, amount_fen FROM ledger_transfer WHERE kind LIKE 'difference%%' ORDER BY kind"
    )
    assert booked == ("difference_met", bill.bill_id, refund.refund_id, DIFFERENCE_FEN)
    assert [str(one.state) for one in world.bills(PAYER, CHILD)] == ["paid", "paid"]
    assert coverage.of_bills(world.region, order.bill_ids) == covers
    assert documents.verify(voucher.voucher_no).state is VerdictState.VOIDED
    shown = page(world, order)
    assert (shown.face, len(shown.refunds), len(shown.people)) == (OrderFace.SETTLED, 1, 2)
    assert "320.00" in shown.refunds[0].sentence
    assert world.sandbox.findings() == []


def test_what_the_register_says_after_the_check_stops_the_approval(world: World, tmp_path: Path) -> None:
    order = paid(world, PAYER)
    recognise(world, tmp_path, PAYER)
    refund = ask(world, order.order_no, RefundReason.IDENTITY_RECOGNISED, event_on=date(2024, 11, 1))
    check_refund(refund.refund_no, by="li", clock=world.clock)
    recognise(world, tmp_path, PAYER, "destitute:2024-11-01:")
    untouched, balances = counts(), world.balances()
    with pytest.raises(CanbaoError) as refused:
        approve_refund(refund.refund_no, by="wang", notify_url=world.addresses.notify_url, clock=world.clock)
    assert refused.value.code == "payments.refund_changed"
    assert refused.value.params["now"] == format_yuan(FULL_FEN)
    assert (counts(), world.balances(), world.sandbox.refunds()) == (untouched, balances, [])
    assert payments.refund(world.region, refund.refund_id).state is RefundState.CHECKED


def test_event_told_twice_books_the_difference_once(world: World, tmp_path: Path) -> None:
    order = paid(world, PAYER)
    recognise(world, tmp_path, PAYER)
    approve(world, ask(world, order.order_no, RefundReason.IDENTITY_RECOGNISED, event_on=date(2024, 11, 1)))
    assert world.finish() == []
    balances = world.balances()
    with region_tx(world.region) as tx:
        append(tx, "bill.lessened", [{"bill_ids": [str(order.bill_ids[0])]}] * 2, now=world.clock.now())
    assert deliver_events(world.region, clock=world.clock) == 2
    assert (world.finish(), world.balances()) == ([], balances)


def test_bill_lessened_and_then_undone_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    before = world.balances()
    order = paid(world, PAYER)
    recognise(world, tmp_path, PAYER)
    first = ask(world, order.order_no, RefundReason.IDENTITY_RECOGNISED, event_on=date(2024, 11, 1))
    succeed(world, approve(world, first))
    world.advance(minutes=2)
    second = ask(world, order.order_no, RefundReason.WRONG_PERSON)
    assert second.amount_fen == ASSISTED_FEN
    succeed(world, approve(world, second))
    assert world.finish() == []
    assert world.balances() == before
    kinds = rows("SELECT kind, cause_id, amount_fen FROM ledger_transfer WHERE kind LIKE 'difference%%' ORDER BY kind")
    assert kinds == [
        ("difference_met", first.refund_id, DIFFERENCE_FEN),
        ("difference_returned", second.refund_id, DIFFERENCE_FEN),
    ]
    assert (
        world.sandbox.refund(first.refund_no)["state"] == world.sandbox.refund(second.refund_no)["state"] == "SUCCESS"
    )


def test_identity_that_changes_nothing_gives_nothing_back(world: World) -> None:
    order = paid(world, GRANDMOTHER)
    untouched = counts()
    with pytest.raises(CanbaoError) as refused:
        ask(world, order.order_no, RefundReason.IDENTITY_RECOGNISED, event_on=DAY_BEFORE)
    assert refused.value.code == "payments.refund_nothing_differs"
    assert (counts(), payments.refunds_of(world.region, order.order_no)) == (untouched, [])


def pay_at_the_channel(world: World, order_no: str, amount_fen: int) -> str:
    """Money that the channel really took under a number, without our pages; the verdict on its notice."""
    placed = catalogue.connector("wechat").place(
        PlaceOrder(
            order_no=order_no,
            amount_fen=Fen(amount_fen),
            description="城乡居民基本医疗保险费",
            expires_at=world.clock.now() + timedelta(minutes=30),
            payer_address="203.0.113.7",
            mode=Mode.NATIVE,
            notify_url=world.addresses.notify_url,
        ),
        now=world.clock.now(),
    )
    assert placed.outcome is Outcome.CONFIRMED
    world.sandbox.pay(out_trade_no=order_no)
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    (verdict,) = world.settle().verdicts
    return verdict


def test_money_of_another_amount_goes_back_and_the_order_pays_nothing(world: World) -> None:
    before = world.balances()
    world.sandbox.add_fault("reset_before_processing", endpoint="order")
    order = world.open_an_order(PAYER)
    assert order.state is OrderState.UNKNOWN
    assert pay_at_the_channel(world, order.order_no, FULL_FEN + 100) == "amount_differs"
    assert page(world, order).extra_fen == (FULL_FEN + 100,)
    refund = ask(world, order.order_no, RefundReason.AMOUNT_MISMATCH)
    assert (refund.amount_fen, refund.from_suspense, refund.is_automatic) == (FULL_FEN + 100, True, False)
    held = FULL_FEN + 100
    assert world.balances() == {**before, "clearing": held, "suspense": held}
    sent = approve(world, refund)
    assert world.balances() == {**before, "clearing": held, "refund_payable": held}
    succeed(world, sent)
    assert world.finish() == []
    assert world.balances() == before
    assert [(str(one.state), one.paid_by) for one in world.bills(PAYER)] == [("locked", None)]
    assert coverage.of_bills(world.region, order.bill_ids) == []
    with pytest.raises(CanbaoError) as refused:
        issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    assert refused.value.code == "documents.not_paid"
    assert rows("SELECT count(*) FROM documents_voucher") == [(0,)]
    shown = page(world, order)
    assert (shown.extra_fen, ["401.00" in one.sentence for one in shown.refunds]) == ((), [True])
    assert world.sandbox.findings() == []


def test_money_of_a_number_nobody_knows_goes_back_to_who_paid_it(world: World) -> None:
    before = world.balances()
    order_no = make_no(world.region, Kind.ORDER, stranger_id(7))
    assert pay_at_the_channel(world, order_no, 12_345) == "order_not_found"
    assert audit() == []
    refund = ask(world, order_no, RefundReason.UNKNOWN_ORDER)
    assert (refund.order_id, refund.amount_fen, refund.from_suspense) == (None, 12_345, True)
    done = succeed(world, approve(world, refund))
    assert (done.state, done.order_no) == ("succeeded", order_no)
    assert world.finish() == []
    assert world.balances() == before
    [kind] = [case.kind for case in payments.open_cases(world.region)]
    assert kind == "order_not_found"
    assert [str(one.kind) for one in ledger.transfers_of_order(world.region, stranger_id(7))] == []
    assert world.sandbox.refund(refund.refund_no)["state"] == "SUCCESS"
    assert world.sandbox.findings() == []


def test_money_that_a_wrong_number_made_two_regions_record_does_not_go_back_twice(world: World) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.add_fault("notice_wrong_order")
    world.pay(order)
    keep_notices(world.letters())
    settle_orders(NATION, clock=world.clock)
    (case,) = payments.open_cases(NATION)
    (theirs,) = payments.refundables_of(NATION, case.order_no)
    take_discrepancy(case.case_no, by="li", clock=world.clock)
    with pytest.raises(CanbaoError, match="reconciliation.act_not_true"):
        propose_resolution(case.case_no, by="li", act=Act.EXPLAINED, reason="a wrong number", clock=world.clock)
    world.advance(seconds=60)
    world.chase()
    assert world.order(order).state is OrderState.SETTLED
    (ours,) = payments.refundables_of(world.region, order.order_no)
    assert (theirs.trade_ref, theirs.left_fen) == (ours.trade_ref, FULL_FEN)
    before = counts()
    with pytest.raises(CanbaoError) as refused:
        ask_refund(
            NATION,
            case.order_no,
            reason=RefundReason.UNKNOWN_ORDER,
            quoted_left_fen=theirs.left_fen,
            by="li",
            clock=world.clock,
        )
    assert (refused.value.code, refused.value.params["regions"]) == ("payments.refund_taken_elsewhere", "360100")
    assert counts() == before
    # What no refund can send back from here is explained here.
    done = propose_resolution(case.case_no, by="li", act=Act.EXPLAINED, reason="a wrong number", clock=world.clock)
    assert (done.state, payments.open_cases(NATION)) == ("resolved", [])
