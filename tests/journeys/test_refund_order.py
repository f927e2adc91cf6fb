"""A refund by two people: what the rules allow goes back to the account that paid, and what followed is undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest

from canbao.billing import public as billing
from canbao.coverage import public as coverage
from canbao.documents import public as documents
from canbao.journeys.chase_refunds import chase_refunds, send_refund
from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.refund_order import (
    approve_refund,
    ask_refund,
    check_refund,
    give_up_refund,
    reject_refund,
    send_refund_again,
    undo_and_approve,
)
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.payments.public import Order, Refund, RefundState
from canbao.rulebook.refund import RefundReason
from tests.world import CHILD, FAMILY, FULL_FEN, GRANDMOTHER, PAYER, World, at_once, counts, rows, tamper

REFUND_TABLES = ("payments_refund", "payments_refund_line", "payments_refund_event", "payments_refund_total")


@dataclass(frozen=True, slots=True)
class Desk:
    """Two clerks at a counter, and the worker behind them."""

    world: World

    def paid(self, *residents: object) -> Order:
        """An order that was paid, and all that follows has happened."""
        order = self.world.open_an_order(*residents)  # type: ignore[arg-type]  # the world's own residents
        self.world.tell_notice(order)
        assert self.world.finish() == []
        return order

    def left(self, order: Order) -> Fen:
        """What is left of the order's credited payment."""
        (found,) = [one for one in payments.refundables_of(self.world.region, order.order_no) if not one.reason]
        return found.left_fen

    def ask(
        self,
        order: Order,
        reason: RefundReason = RefundReason.WRONG_YEAR,
        *,
        bills: tuple[UUID, ...] = (),
        quoted: int | None = None,
        by: str = "li",
        event_on: date | None = None,
    ) -> Refund:
        """Li asks."""
        return ask_refund(
            self.world.region,
            order.order_no,
            reason=reason,
            quoted_left_fen=self.left(order) if quoted is None else Fen(quoted),
            by=by,
            bill_ids=bills,
            event_on=event_on,
            clock=self.world.clock,
        )

    def approved(self, refund: Refund, by: str = "wang") -> Refund:
        """Li checks and Wang approves."""
        check_refund(refund.refund_no, by="li", clock=self.world.clock)
        return approve_refund(refund.refund_no, by=by, notify_url=self.url, clock=self.world.clock)

    @property
    def url(self) -> str:
        """Where notices of refunds go."""
        return self.world.addresses.notify_url

    def hear(self) -> dict[str, int]:
        """Notices come and are judged; what they were."""
        self.world.sandbox.deliver_notices()
        keep_notices(self.world.letters())
        return dict(self.world.settle().verdicts)

    def chase(self) -> int:
        """The worker comes by."""
        return chase_refunds(self.world.region, notify_url=self.url, clock=self.world.clock)

    def now(self, refund: Refund) -> Refund:
        """The refund as it is now."""
        return payments.refund(self.world.region, refund.refund_id)

    def moves(self, refund: Refund) -> list[tuple[str, str, str]]:
        """Its history: what, where to, by whom."""
        return [
            (move.event, move.target, move.actor)
            for move in payments.refund_events_of(self.world.region, refund.refund_id)
        ]


@pytest.fixture
def desk(world: World) -> Desk:
    """The counter of the founded town."""
    return Desk(world)


def refund_counts() -> dict[str, int]:
    """Rows of every table that a refusal must leave alone."""
    return {**counts(), **{table: int(str(rows(f"SELECT count(*) FROM {table}")[0][0])) for table in REFUND_TABLES[:3]}}


def claimed() -> int:
    """What refunds speak for, all together."""
    return int(str(rows("SELECT coalesce(sum(claimed_fen), 0) FROM payments_refund_total")[0][0]))


def test_whole_family_goes_back_and_everything_that_followed_is_undone(desk: Desk) -> None:
    order = desk.paid(*FAMILY)
    world = desk.world
    voucher = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    asked = desk.ask(order)
    assert (asked.state, asked.amount_fen, asked.captured_fen, asked.is_automatic) == ("asked", 128_000, 128_000, False)
    assert [step["reference"] for step in asked.steps] != []
    before = world.balances()
    sent = desk.approved(asked)
    assert (sent.state, sent.asked_by, sent.approved_by) == ("sent", "li", "wang")
    assert world.sandbox.refund(sent.refund_no)["state"] == "PROCESSING"
    bills = billing.bills(world.region, order.bill_ids)
    assert {str(bill.state) for bill in bills} == {"reversed"}
    assert [bill.state for bill in world.bills(*FAMILY)] == ["due"] * 4
    assert coverage.of_bills(world.region, order.bill_ids) == []
    verdict = documents.verify(voucher.voucher_no)
    assert str(verdict.state) == "voided"
    balances = world.balances()
    assert balances["refund_payable"] == 128_000
    assert before["contribution_income"] - balances.get("contribution_income", 0) == 128_000 + 72_000 - 40_000
    assert world.finish() == []
    world.sandbox.finish_refund(sent.refund_no)
    assert desk.hear() == {"succeeded": 1}
    done = desk.now(sent)
    assert (done.state, done.refund_ref, done.next_ask_at) == (
        "succeeded",
        world.sandbox.refund(sent.refund_no)["refund_id"],
        None,
    )
    assert world.finish() == []
    assert world.balances().get("refund_payable", 0) == 0
    assert world.balances().get("clearing", 0) == 0
    assert world.sandbox.findings() == []
    assert desk.moves(done) == [
        ("ask", "asked", "li"),
        ("check", "checked", "li"),
        ("approve", "approved", "wang"),
        ("send", "sent", "worker"),
        ("succeed", "succeeded", "wechat"),
    ]


def test_one_bill_of_a_family_goes_back_and_the_others_stay_paid(desk: Desk) -> None:
    order = desk.paid(PAYER, CHILD)
    (bill,) = desk.world.bills(CHILD)
    refund = desk.approved(desk.ask(order, bills=(bill.bill_id,)))
    assert (refund.amount_fen, desk.left(order)) == (FULL_FEN, FULL_FEN)
    assert [found.state for found in desk.world.bills(PAYER, CHILD)] == ["paid", "due"]
    desk.world.sandbox.finish_refund(refund.refund_no)
    assert desk.hear() == {"succeeded": 1}
    desk.world.advance(minutes=2)
    second = desk.approved(desk.ask(order))
    assert (second.amount_fen, desk.left(order)) == (FULL_FEN, 0)
    desk.world.sandbox.finish_refund(second.refund_no)
    assert desk.hear() == {"succeeded": 1}
    assert desk.world.finish() == []
    assert desk.world.balances().get("clearing", 0) == 0
    with pytest.raises(CanbaoError) as refused:
        desk.ask(order)
    assert refused.value.code == "payments.refund_bill_not_paid"


def test_stale_quote_is_refused_and_changes_nothing(desk: Desk) -> None:
    order = desk.paid(PAYER, CHILD)
    bills = desk.world.bills(PAYER, CHILD)
    quoted = desk.left(order)
    desk.ask(order, bills=(bills[0].bill_id,))
    before, spoken = refund_counts(), claimed()
    with pytest.raises(CanbaoError) as refused:
        desk.ask(order, bills=(bills[1].bill_id,), quoted=quoted)
    assert refused.value.code == "payments.refund_quote_stale"
    assert dict(refused.value.params) == {"quoted": "800.00", "left": "400.00"}
    assert (refund_counts(), claimed()) == (before, spoken)


def test_two_clerks_at_once_never_promise_the_same_money(desk: Desk) -> None:
    order = desk.paid(PAYER)
    answers = at_once(*(partial(desk.ask, order, quoted=FULL_FEN) for _ in range(4)))
    asked = [found for found in answers if isinstance(found, Refund)]
    codes = {found.code for found in answers if isinstance(found, CanbaoError)}
    assert (len(asked), codes, claimed()) == (1, {"payments.refund_quote_stale"}, FULL_FEN)
    assert desk.world.finish() == []


def test_same_person_cannot_ask_and_approve(desk: Desk) -> None:
    refund = desk.ask(desk.paid(PAYER))
    check_refund(refund.refund_no, by="zhao", clock=desk.world.clock)
    before = refund_counts()
    for name in ("li", " LI ", "Li"):
        with pytest.raises(CanbaoError) as refused:
            approve_refund(refund.refund_no, by=name, notify_url=desk.url, clock=desk.world.clock)
        assert refused.value.code == "payments.refund_same_person"
    assert (refund_counts(), desk.now(refund).state) == (before, "checked")
    assert [found.state for found in desk.world.bills(PAYER)] == ["paid"]


def test_rejected_refund_leaves_everything_as_it_was_and_its_money_free(desk: Desk) -> None:
    order = desk.paid(PAYER)
    before = desk.world.balances()
    refund = desk.ask(order)
    rejected = reject_refund(refund.refund_no, by="wang", cause="asked twice", clock=desk.world.clock)
    assert (rejected.state, claimed(), desk.left(order)) == ("rejected", 0, FULL_FEN)
    assert desk.world.balances() == before
    assert [found.state for found in desk.world.bills(PAYER)] == ["paid"]
    with pytest.raises(CanbaoError) as refused:
        approve_refund(refund.refund_no, by="wang", notify_url=desk.url, clock=desk.world.clock)
    assert refused.value.code == "payments.refund_wrong_state"
    assert desk.world.finish() == []
    assert desk.world.sandbox.refunds() == []


def test_after_cover_has_begun_it_is_refused_with_the_rule(desk: Desk) -> None:
    order = desk.paid(PAYER)
    desk.world.clock.advance(timedelta(days=90))
    before = refund_counts()
    with pytest.raises(CanbaoError) as refused:
        desk.ask(order)
    assert refused.value.code == "payments.refund_after_cover_start"
    assert refused.value.params["cover_from"] == "2025-01-01"
    assert refused.value.params["rule"] != ""
    assert refund_counts() == before


def test_death_before_cover_start_voids_the_bill(desk: Desk) -> None:
    order = desk.paid(GRANDMOTHER)
    refund = desk.approved(desk.ask(order, RefundReason.DEATH, event_on=date(2024, 11, 15)))
    (bill,) = billing.bills(desk.world.region, order.bill_ids)
    assert (refund.amount_fen, refund.bill_after, str(bill.state)) == (8_000, "void", "voided")
    assert [str(item.kind) for item in ledger.transfers_of_order(desk.world.region, order.order_id)].count(
        "bill_refunded"
    ) == 1
    assert desk.world.finish() == []


def test_nothing_of_an_approval_that_cannot_be_undone_stays(desk: Desk) -> None:
    order = desk.paid(PAYER)
    refund = desk.ask(order)
    check_refund(refund.refund_no, by="li", clock=desk.world.clock)
    tamper("UPDATE billing_bill SET state = 'voided', order_id = NULL, paid_at = NULL WHERE id = %s", order.bill_ids[0])
    before = refund_counts()
    with pytest.raises(CanbaoError) as refused:
        approve_refund(refund.refund_no, by="wang", notify_url=desk.url, clock=desk.world.clock)
    assert refused.value.code == "payments.refund_bill_not_paid"
    assert (refund_counts(), desk.now(refund).state) == (before, "checked")
    assert desk.world.sandbox.refunds() == []


def test_worker_sends_what_was_approved_by_a_process_that_died(desk: Desk) -> None:
    refund = desk.ask(desk.paid(PAYER))
    check_refund(refund.refund_no, by="li", clock=desk.world.clock)
    undo_and_approve(payments.refund_by_no(refund.refund_no), by="wang", clock=desk.world.clock)
    assert (desk.now(refund).state, desk.world.sandbox.refunds()) == ("approved", [])
    assert desk.chase() == 1
    assert desk.now(refund).state is RefundState.SENT
    assert len(desk.world.sandbox.refunds()) == 1
    # Nobody else sends it once more.
    send_refund(desk.world.region, refund.refund_id, notify_url=desk.url, clock=desk.world.clock)
    assert [move[0] for move in desk.moves(refund)].count("send") == 1
    assert desk.world.finish() == []


def test_closed_refund_waits_by_hand_and_is_replaced_by_a_new_number_that_stays_approved(desk: Desk) -> None:
    order = desk.paid(PAYER)
    refund = desk.approved(desk.ask(order))
    desk.world.sandbox.finish_refund(refund.refund_no, state="CLOSED")
    assert desk.hear() == {"put_aside": 1}
    aside = desk.now(refund)
    assert (aside.state, aside.next_step) == ("by_hand", "new_number")
    assert desk.world.finish() == []
    desk.world.advance(minutes=2)
    new = send_refund_again(refund.refund_no, by="wang", cause="topped up", notify_url=desk.url, clock=desk.world.clock)
    assert (new.state, new.amount_fen, new.replaces_id) == ("sent", FULL_FEN, refund.refund_id)
    assert (new.refund_no != refund.refund_no, new.asked_by, new.approved_by) == (True, "li", "wang")
    assert desk.now(refund).state is RefundState.FAILED
    assert claimed() == FULL_FEN
    assert desk.world.balances()["refund_payable"] == FULL_FEN
    desk.world.sandbox.finish_refund(new.refund_no)
    assert desk.hear() == {"succeeded": 1}
    assert desk.world.finish() == []
    assert desk.world.balances().get("refund_payable", 0) == 0


def test_abnormal_refund_that_is_given_up_waits_in_suspense_and_can_be_refunded_again(desk: Desk) -> None:
    order = desk.paid(PAYER)
    refund = desk.approved(desk.ask(order))
    desk.world.sandbox.finish_refund(refund.refund_no, state="ABNORMAL")
    assert desk.hear() == {"put_aside": 1}
    assert desk.now(refund).next_step == "other_account"
    failed = give_up_refund(
        refund.refund_no, by="wang", cause="payer wants cash", notify_url=desk.url, clock=desk.world.clock
    )
    assert (failed.state, failed.is_withdrawn, claimed()) == ("failed", True, 0)
    balances = desk.world.balances()
    assert (balances["suspense"], balances.get("refund_payable", 0)) == (FULL_FEN, 0)
    assert desk.world.finish() == []
    desk.world.advance(minutes=2)
    again = desk.ask(order, RefundReason.AMOUNT_MISMATCH)
    assert (again.from_suspense, again.amount_fen) == (True, FULL_FEN)
    desk.approved(again)
    balances = desk.world.balances()
    assert (balances.get("suspense", 0), balances["refund_payable"]) == (0, FULL_FEN)
    assert desk.world.finish() == []


@pytest.mark.parametrize("fault", ["reset_after_processing", "html_502", "bad_signature"])
def test_silence_of_the_channel_gives_nothing_up(desk: Desk, fault: str) -> None:
    order = desk.paid(PAYER)
    refund = desk.approved(desk.ask(order))
    desk.world.sandbox.finish_refund(refund.refund_no, state="ABNORMAL")
    assert desk.hear() == {"put_aside": 1}
    desk.world.sandbox.add_fault(fault, endpoint="refund_query")
    with pytest.raises(CanbaoError) as refused:
        give_up_refund(refund.refund_no, by="wang", cause="cash", notify_url=desk.url, clock=desk.world.clock)
    assert refused.value.code == "payments.refund_not_answered"
    assert (desk.now(refund).state, claimed()) == ("by_hand", FULL_FEN)
    balances = desk.world.balances()
    assert (balances.get("suspense", 0), balances["refund_payable"]) == (0, FULL_FEN)
    assert desk.world.finish() == []


def test_refund_of_a_bill_whose_cover_is_still_to_come_cannot_be_asked_for_yet(desk: Desk) -> None:
    order = desk.world.open_an_order(PAYER)
    desk.world.tell_notice(order)
    before = counts()
    with pytest.raises(CanbaoError) as refused:
        desk.ask(order, RefundReason.WRONG_PERSON)
    assert (refused.value.code, counts()) == ("rulebook.refund_cover_unknown", before)
    assert desk.world.finish() == []
    assert desk.approved(desk.ask(order, RefundReason.WRONG_PERSON)).state == "sent"
    assert coverage.of_bills(desk.world.region, order.bill_ids) == []
    assert desk.world.finish() == []


def test_who_died_before_cover_began_was_never_covered(desk: Desk) -> None:
    order = desk.paid(GRANDMOTHER)
    refund = desk.ask(order, RefundReason.DEATH, event_on=date(2024, 11, 15))
    check_refund(refund.refund_no, by="li", clock=desk.world.clock)
    # The office approves months later, long after the cover's first day.
    desk.world.advance(seconds=100 * 86_400)
    approve_refund(refund.refund_no, by="wang", notify_url=desk.url, clock=desk.world.clock)
    ((first, until),) = rows("SELECT from_on, until_on FROM coverage_period WHERE bill_id = %s", order.bill_ids[0])
    assert (first, until) == (date(2025, 1, 1), date(2025, 1, 1))
    assert desk.world.finish() == []


def test_what_still_may_succeed_is_not_given_up(desk: Desk) -> None:
    refund = desk.approved(desk.ask(desk.paid(PAYER)))
    with pytest.raises(CanbaoError) as refused:
        give_up_refund(refund.refund_no, by="wang", cause="slow", notify_url=desk.url, clock=desk.world.clock)
    assert refused.value.code == "payments.refund_wrong_state"
    assert (desk.now(refund).state, claimed()) == ("sent", FULL_FEN)
