"""Refunds in the database: who may act when, how much is left, and what the tables themselves refuse."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import CheckViolation, InsufficientPrivilege

from canbao.channels.interface import RefundAdvice, RefundFate, RefundTold
from canbao.kernel.connections import connection
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, parse_no, uuid7
from canbao.kernel.money import Fen
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import (
    REFUND,
    OwedRefund,
    Refund,
    RefundLine,
    RefundRequest,
    RefundSeen,
    RefundState,
    RefundVerdict,
)
from canbao.payments.tests.desk import OURS, Desk
from tests.owner import as_owner

STORIES = int(os.environ.get("CANBAO_TEST_STORIES", "20"))


@dataclass(frozen=True, slots=True)
class Refunds:
    """Captures of a desk, and refunds of them, each act in a transaction of its own."""

    desk: Desk

    def capture(self, amount_fen: int = 40_000, *, credited: bool = True) -> UUID:
        """A capture of an order that settled, or one that names no order of ours."""
        order_no = self.desk.open(amount_fen).order_no if credited else "nobody's-order"
        (judged,) = self.desk.judge(self.desk.seen(order_no, amount_fen))
        return judged.capture_id

    def request(
        self, capture_id: UUID, amount_fen: int, *, quoted: int | None = None, has_lines: bool | None = None
    ) -> RefundRequest:
        """What somebody asks for; bills where the money paid some."""
        left = payments.refund_left(self.desk.region, capture_id)
        lines = has_lines if has_lines is not None else left.disposition == "credited"
        return RefundRequest(
            capture_id=capture_id,
            amount_fen=Fen(amount_fen),
            quoted_left_fen=left.left_fen if quoted is None else Fen(quoted),
            reason="wrong_year",
            note="",
            undoes="whole" if lines else "none",
            bill_after="due_again" if lines else "unchanged",
            steps=[{"label_zh": "可退", "reference": "x"}],
            lines=[self.line(amount_fen)] if lines else [],
            event_on=None,
            deadline_at=self.desk.clock.now() + timedelta(days=7),
        )

    def line(self, amount_fen: int) -> RefundLine:
        """A line over the desk's first bill."""
        line = self.desk.line()
        return RefundLine(
            bill_id=line.bill_id,
            scheme_code=line.scheme_code,
            due_from=line.due_from,
            due_until=line.due_until,
            amount_fen=Fen(amount_fen),
            assistance_fen=Fen(0),
        )

    def ask(self, capture_id: UUID, amount_fen: int = 40_000, *, quoted: int | None = None, by: str = "li") -> Refund:
        """Li asks."""
        with region_tx(self.desk.region) as tx:
            now = self.desk.clock.now()
            request = self.request(capture_id, amount_fen, quoted=quoted)
            return payments.ask_refund(tx, request, refund_id=uuid7(now), by=by, now=now)

    def act(self, event: str, refund: Refund) -> Refund:
        """One event of the machine, by whoever may do it; answers the refund as it is then. May raise."""
        now = self.desk.clock.now()
        with region_tx(self.desk.region) as tx:
            match event:
                case "check":
                    return payments.check_refund(tx, refund.refund_id, by="zhao", cause="", now=now)
                case "approve":
                    return payments.approve_refund(tx, refund.refund_id, by="wang", now=now)
                case "reject":
                    return payments.reject_refund(tx, refund.refund_id, by="wang", cause="no", now=now)
                case "send":
                    payments.claim_one_to_send(tx, refund.refund_id, now=now)
                case "lose":
                    payments.doubt_refund(tx, refund, cause="silence", now=now)
                case "again" if refund.state is RefundState.BY_HAND:
                    return payments.resend_refund(tx, refund.refund_id, by="wang", cause="", now=now)
                case "again":
                    payments.send_again(tx, refund, cause="never heard", now=now)
                case "put_aside":
                    payments.put_refund_aside(
                        tx, refund, advice=RefundAdvice.BY_HAND, foreign_code="PARAM_ERROR", now=now
                    )
                case "succeed":
                    payments.hear_refunds(tx, [self.seen(refund)], {"wechat": OURS}, now=now)
                case _:
                    return payments.give_up_refund(tx, refund.refund_id, by="wang", cause="no use", now=now)
        return self.now(refund)

    def seen(self, refund: Refund, fate: RefundFate = RefundFate.SUCCEEDED) -> RefundSeen:
        """The channel's word, fitting in every number."""
        told = RefundTold(
            refund_no=refund.refund_no,
            refund_ref="5030000001",
            order_no=refund.order_no,
            trade_ref=refund.trade_ref,
            amount_fen=refund.amount_fen,
            captured_fen=refund.captured_fen,
            currency="CNY",
            merchant_ref=OURS.merchant_ref,
            fate=fate,
            happened_at=self.desk.clock.now(),
            received_account="招商银行信用卡0403",
        )
        return RefundSeen(channel_code="wechat", told=told, learned_from="notice", subject_id=refund.refund_id)

    def now(self, refund: Refund) -> Refund:
        """The refund as it is now."""
        return payments.refund(self.desk.region, refund.refund_id)

    def in_state(self, state: RefundState) -> Refund:
        """A refund brought to a state along the edges."""
        ways: dict[str, tuple[str, ...]] = {
            "asked": (),
            "checked": ("check",),
            "approved": ("check", "approve"),
            "sent": ("check", "approve", "send"),
            "unknown": ("check", "approve", "send", "lose"),
            "by_hand": ("check", "approve", "send", "put_aside"),
            "succeeded": ("check", "approve", "send", "succeed"),
            "failed": ("check", "approve", "send", "put_aside", "fail"),
            "rejected": ("reject",),
        }
        refund = self.ask(self.capture())
        for event in ways[state]:
            refund = self.act(event, refund)
        assert refund.state is state
        return refund

    def claimed(self, capture_id: UUID) -> int:
        """What refunds speak for."""
        return payments.refund_left(self.desk.region, capture_id).claimed_fen


@pytest.fixture
def refunds(desk: Desk) -> Refunds:
    """An empty desk whose money can go back."""
    return Refunds(desk)


def refusal(act: Callable[[], object]) -> str:
    """The code an act is refused with, empty when it is not."""
    try:
        act()
    except CanbaoError as refused:
        return refused.code
    return ""


def silent(desk: Desk) -> bool:
    """Whether the room's auditors find nothing."""
    return [finding for auditor in payments.AUDITORS for finding in auditor(desk.region)] == []


GIVEN_UP_FROM = frozenset({RefundState.BY_HAND})
"""The table lets the unknown fail too; a person may give up only what an explicit answer put aside."""


@pytest.mark.parametrize("state", list(RefundState))
@pytest.mark.parametrize("event", REFUND.events)
def test_database_moves_a_refund_where_the_table_says_so(refunds: Refunds, state: RefundState, event: str) -> None:
    refund = refunds.in_state(state)
    before = payments.refund_events_of(refunds.desk.region, refund.refund_id)
    sources = GIVEN_UP_FROM if event == "fail" else set(REFUND.sources(event))
    # What the channel never heard of is doubted first: two moves, from sent too.
    is_possible = state in sources or (event == "again" and state is RefundState.SENT)
    assert refusal(partial(refunds.act, event, refund)) in ("", "" if is_possible else "payments.refund_wrong_state")
    after = refunds.now(refund)
    moved = payments.refund_events_of(refunds.desk.region, refund.refund_id)[len(before) :]
    if is_possible:
        assert (after.state, moved[-1].event, moved[-1].target) == (REFUND.target(event), event, REFUND.target(event))
    else:
        assert (after.state, moved) == (state, [])
    is_over = after.state in REFUND.terminal
    assert (after.ended_at is not None) is is_over
    assert (after.next_ask_at is not None) is (after.state in payments.OWED)
    is_claimed = after.state not in (RefundState.REJECTED, RefundState.FAILED)
    assert refunds.claimed(after.capture_id) == (40_000 if is_claimed else 0)
    assert silent(refunds.desk)


def test_refund_has_a_number_that_routes_itself(refunds: Refunds) -> None:
    refund = refunds.ask(refunds.capture())
    parsed = parse_no(refund.refund_no, Kind.REFUND)
    assert (parsed.region_code, refund.region_code) == (refunds.desk.region, refunds.desk.region)
    assert payments.refund_by_no(refund.refund_no.lower()) == refund
    assert payments.refunds_of(refunds.desk.region, refund.order_no) == [refund]
    with pytest.raises(CanbaoError) as unknown:
        payments.refund_by_no(payments.refund_by_no(refund.refund_no).refund_no[:6] + "R00000000000")
    assert unknown.value.code in ("kernel.number_mistyped", "payments.refund_not_found")


@pytest.mark.parametrize(
    ("amount", "quoted", "code"),
    [
        (10_000, 39_999, "payments.refund_quote_stale"),
        (40_001, 40_000, "payments.refund_too_much"),
        (0, 40_000, "payments.refund_too_much"),
        (-1, 40_000, "payments.refund_too_much"),
    ],
)
def test_wrong_quote_or_amount_is_refused_and_speaks_for_nothing(
    refunds: Refunds, amount: int, quoted: int, code: str
) -> None:
    capture_id = refunds.capture()
    with pytest.raises(CanbaoError) as refused:
        refunds.ask(capture_id, amount, quoted=quoted)
    assert refused.value.code == code
    assert refunds.claimed(capture_id) == 0
    assert silent(refunds.desk)


@pytest.mark.parametrize("has_lines", [True, False])
def test_bills_are_named_exactly_where_the_money_paid_some(refunds: Refunds, has_lines: bool) -> None:
    capture_id = refunds.capture(credited=not has_lines)
    with region_tx(refunds.desk.region) as tx, pytest.raises(CanbaoError) as refused:
        request = refunds.request(capture_id, 40_000, has_lines=has_lines)
        payments.ask_refund(
            tx, request, refund_id=uuid7(refunds.desk.clock.now()), by="li", now=refunds.desk.clock.now()
        )
    assert refused.value.code == "payments.refund_lines_differ"
    assert refunds.claimed(capture_id) == 0


@pytest.mark.parametrize("name", ["", "  ", "automatic", "x" * 65])
def test_who_acts_has_a_name(refunds: Refunds, name: str) -> None:
    capture_id = refunds.capture()
    with pytest.raises(CanbaoError) as refused:
        refunds.ask(capture_id, by=name)
    assert (refused.value.code, refunds.claimed(capture_id)) == ("payments.refund_without_name", 0)


def test_rejecting_needs_a_cause(refunds: Refunds) -> None:
    refund = refunds.ask(refunds.capture())
    for cause in ("", " ", "x" * 201):
        with region_tx(refunds.desk.region) as tx, pytest.raises(CanbaoError) as refused:
            payments.reject_refund(tx, refund.refund_id, by="wang", cause=cause, now=refunds.desk.clock.now())
        assert refused.value.code == "payments.refund_without_cause"
    assert refunds.now(refund) == refund


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments_refund SET approved_by = asked_by, approved_at = asked_at, state = 'approved'",
        "UPDATE payments_refund SET asked_by = ''",
        "UPDATE payments_refund SET state = 'approved'",
        "UPDATE payments_refund SET state = 'approved', approved_at = asked_at",
        "UPDATE payments_refund SET state = 'succeeded', approved_at = asked_at, approved_by = 'wang'",
        "UPDATE payments_refund SET amount_fen = captured_fen + 1",
        "UPDATE payments_refund SET state = 'gone'",
        "UPDATE payments_refund_total SET claimed_fen = captured_fen + 1",
        "UPDATE payments_refund_total SET claimed_fen = -1",
    ],
)
def test_database_itself_refuses_one_person_and_too_much(refunds: Refunds, change: str) -> None:
    refund = refunds.ask(refunds.capture())
    with as_owner() as session, pytest.raises(CheckViolation):
        session.execute(change.encode())
    assert refunds.now(refund) == refund


@pytest.mark.parametrize("table", ["payments_refund_event", "payments_refund_line"])
def test_history_of_a_refund_cannot_be_rewritten(refunds: Refunds, table: str) -> None:
    refunds.ask(refunds.capture())
    with connection() as session, pytest.raises(InsufficientPrivilege):
        session.execute(f"DELETE FROM {table}".encode())


def test_what_is_owed_back_is_opened_once_however_often_it_is_told(refunds: Refunds) -> None:
    capture_id, credited = refunds.capture(credited=False), refunds.capture()
    owed = [
        OwedRefund(
            capture_id=one, reason="second_payment", steps=(), deadline_at=refunds.desk.clock.now() + timedelta(days=2)
        )
        for one in (capture_id, credited)
    ]
    opened = []
    for _ in range(3):
        with region_tx(refunds.desk.region) as tx:
            opened += payments.open_owed(tx, owed, now=refunds.desk.clock.now())
    (refund,) = opened
    assert (refund.capture_id, refund.state, refund.amount_fen, refund.asked_by) == (
        capture_id,
        "approved",
        40_000,
        "",
    )
    assert (refunds.claimed(capture_id), refunds.claimed(credited)) == (40_000, 0)
    with pytest.raises(CanbaoError) as refused:
        refunds.ask(capture_id, 1, quoted=40_000)
    assert refused.value.code == "payments.refund_quote_stale"
    assert silent(refunds.desk)


def test_words_in_one_batch_are_judged_one_after_the_other(refunds: Refunds) -> None:
    refund, other = refunds.in_state(RefundState.SENT), refunds.in_state(RefundState.SENT)
    told = [
        refunds.seen(refund, RefundFate.PROCESSING),
        refunds.seen(refund, RefundFate.ABNORMAL),
        refunds.seen(other, RefundFate.CLOSED),
        refunds.seen(refund, RefundFate.SUCCEEDED),
        refunds.seen(refund, RefundFate.SUCCEEDED),
        refunds.seen(refund, RefundFate.CLOSED),
    ]
    with region_tx(refunds.desk.region) as tx:
        heard = payments.hear_refunds(tx, told, {"wechat": OURS}, now=refunds.desk.clock.now())
    assert [item.verdict for item in heard] == [
        RefundVerdict.IN_WORK,
        RefundVerdict.PUT_ASIDE,
        RefundVerdict.PUT_ASIDE,
        RefundVerdict.SUCCEEDED,
        RefundVerdict.EXISTS,
        RefundVerdict.REFUND_CONTRADICTS,
    ]
    after, aside = refunds.now(refund), refunds.now(other)
    assert (after.state, after.account_tail, after.refund_ref) == ("succeeded", "0403", "5030000001")
    assert (aside.state, aside.next_step) == ("by_hand", "new_number")
    assert [case.kind for case in payments.open_cases(refunds.desk.region)] == ["refund_contradicts"]
    assert silent(refunds.desk)


def test_two_refunds_of_one_payment_are_sent_a_minute_apart(refunds: Refunds) -> None:
    capture_id = refunds.capture()
    for _ in range(2):
        refund = refunds.ask(capture_id, 10_000)
        refunds.act("approve", refunds.act("check", refund))
    sent = []
    for _ in range(3):
        with region_tx(refunds.desk.region) as tx:
            sent.append(len(payments.claim_to_send(tx, now=refunds.desk.clock.now(), limit=10)))
        refunds.desk.clock.advance(timedelta(seconds=31))
    assert sent == [1, 0, 1]


@settings(
    max_examples=STORIES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    captured=st.integers(1, 1_000),
    acts=st.lists(
        st.tuples(
            st.integers(1, 600),
            st.sampled_from([0, 0, 0, -1, 1]),
            st.sampled_from(["keep", "reject", "succeed", "fail"]),
        ),
        max_size=8,
    ),
)
def test_what_is_left_is_what_was_captured_less_what_is_spoken_for(
    refunds: Refunds, captured: int, acts: list[tuple[int, int, str]]
) -> None:
    capture_id = refunds.capture(captured, credited=False)
    spoken = 0
    for amount, off_by, end in acts:
        left = payments.refund_left(refunds.desk.region, capture_id).left_fen
        assert left == captured - spoken
        asking = partial(refunds.ask, capture_id, amount, quoted=left + off_by)
        if off_by or amount > left:
            assert refusal(asking) == ("payments.refund_quote_stale" if off_by else "payments.refund_too_much")
            continue
        refund = asking()
        spoken += amount
        if end == "reject":
            refunds.act("reject", refund)
            spoken -= amount
        elif end != "keep":
            for event in ("check", "approve", "send"):
                refund = refunds.act(event, refund)
            refunds.desk.clock.advance(timedelta(minutes=2))
            if end == "succeed":
                refunds.act("succeed", refund)
            else:
                refunds.act("fail", refunds.act("put_aside", refund))
                spoken -= amount
    assert payments.refund_left(refunds.desk.region, capture_id).left_fen == captured - spoken
    assert silent(refunds.desk)


PLANTED = {
    "payments.refunds_fit_captures": "UPDATE payments_refund_total SET claimed_fen = claimed_fen - 1",
    "payments.refunds_are_whole": "UPDATE payments_refund SET state = 'unknown' WHERE state = 'sent'",
}


@pytest.mark.parametrize("auditor", list(PLANTED))
def test_planted_fault_is_found_by_its_auditor(refunds: Refunds, auditor: str) -> None:
    refund = refunds.in_state(RefundState.SENT)
    assert silent(refunds.desk)
    with as_owner() as session:
        session.execute(PLANTED[auditor].encode())
    found = [finding for check in payments.AUDITORS for finding in check(refunds.desk.region)]
    assert [finding.auditor for finding in found] == [auditor]
    assert found[0].subject in (refund.refund_no, refund.trade_ref)


def test_two_who_ask_at_once_share_what_is_left(refunds: Refunds) -> None:
    capture_id = refunds.capture()

    def ask(_: int) -> str:
        return refusal(partial(refunds.ask, capture_id, 30_000, quoted=40_000))

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(ask, range(8)))
    assert answers == ["", *["payments.refund_quote_stale"] * 7]
    assert refunds.claimed(capture_id) == 30_000
