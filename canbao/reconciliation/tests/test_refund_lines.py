"""Refund lines: every state of a line beside every state of ours, and refunds that no line tells of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from canbao.channels.interface import LineState, StatementLine
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen
from canbao.payments.states import RefundState
from canbao.reconciliation.rules import REFUND_STATES_THAT_AGREE
from canbao.reconciliation.tests.clerk import DAY, NOON, Clerk, change, everything

LINE_STATES = [LineState.REFUND_SUCCESS, LineState.REFUND_PROCESSING, LineState.REFUND_FAILED, LineState.OTHER]
UNAPPROVED = (RefundState.ASKED, RefundState.CHECKED, RefundState.REJECTED)

INSERT = """
INSERT INTO payments_refund (
    region_code, id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, captured_fen, amount_fen,
    reason, note, is_automatic, from_suspense, undoes, bill_after, steps, state, asked_by, checked_by, approved_by,
    asked_at, approved_at, sent_at, ended_at, deadline_at, next_step, foreign_code, refund_ref, account_tail,
    succeeded_at, is_withdrawn, ask_count, move_count, recorded_at
)
SELECT
    capture.region_code, %s, %s, capture.id, capture.order_id, capture.order_no, capture.channel_code,
    capture.trade_ref, capture.amount_fen, %s, 'wrong_person', '', false, false, 'none', 'unchanged', '[]', %s,
    'a clerk', '', %s, %s, %s, %s, %s, %s, '', '', %s, '', %s, false, 0, 1, %s
FROM payments_capture AS capture
WHERE capture.trade_ref = %s
"""


def refunded(
    clerk: Clerk,
    of: StatementLine,
    state: RefundState = RefundState.SUCCEEDED,
    *,
    amount_fen: int = 10_000,
    sent_at: datetime = NOON,
    ended_at: datetime | None = None,
) -> StatementLine:
    """A refund of ours of a payment, in a state; and the line of a statement that has it as succeeded."""
    refund_id = derived_id("test.refund", of.trade_ref)
    refund_no = f"R{of.trade_ref}"
    is_approved = state not in UNAPPROVED
    has_ended = state in {RefundState.SUCCEEDED, RefundState.FAILED}
    ended = (ended_at or sent_at) if has_ended else None
    is_paid = state is RefundState.SUCCEEDED
    change(
        INSERT, refund_id, refund_no, amount_fen, state, "another" if is_approved else "", sent_at,
        sent_at if is_approved else None, sent_at if is_approved else None, ended, sent_at + timedelta(days=2),
        f"50{refund_no}" if is_paid else "", ended if is_paid else None, sent_at, of.trade_ref,
    )  # fmt: skip
    return clerk.refund_line(of, refund_no, amount_fen)


@pytest.mark.parametrize(("theirs", "ours"), list(product(LINE_STATES, RefundState)))
def test_states_of_both_sides_agree_by_the_table(clerk: Clerk, theirs: LineState, ours: RefundState) -> None:
    paid = clerk.paid()
    kept = clerk.compare(paid, replace(refunded(clerk, paid, ours), state=theirs))
    agrees = (theirs, ours) in REFUND_STATES_THAT_AGREE
    assert clerk.counts(kept) == {"matched": 1, ("refund_matched" if agrees else "refund_differs"): 1}


def test_agreeing_pairs_are_these() -> None:
    assert sorted(REFUND_STATES_THAT_AGREE) == [
        ("refund_failed", "by_hand"), ("refund_failed", "failed"), ("refund_failed", "succeeded"),
        ("refund_processing", "by_hand"), ("refund_processing", "failed"), ("refund_processing", "sent"),
        ("refund_processing", "succeeded"), ("refund_processing", "unknown"), ("refund_success", "succeeded"),
    ]  # fmt: skip


def test_sums_of_refunds_stand_beside_those_of_payments(clerk: Clerk) -> None:
    paid = clerk.paid()
    kept = clerk.compare(paid, refunded(clerk, paid))
    assert (kept.payment_count, kept.payment_fen, kept.refund_count, kept.refund_fen) == (1, 40_000, 1, 10_000)
    assert kept.fee_milli_fen == (40_000 - 10_000) * 6


@pytest.mark.parametrize("amount_fen", [9_999, 10_001])
def test_refund_of_another_amount_differs(clerk: Clerk, amount_fen: int) -> None:
    paid = clerk.paid()
    kept = clerk.compare(paid, replace(refunded(clerk, paid), amount_fen=Fen(amount_fen)))
    (found,) = clerk.differences(kept)
    assert (found.verdict, found.ours_fen, found.theirs_fen) == ("refund_differs", 10_000, amount_fen)
    assert (found.ours_state, found.theirs_state) == ("succeeded", "refund_success")


def test_refund_of_another_transaction_differs(clerk: Clerk) -> None:
    paid, other = clerk.paid(), clerk.paid()
    kept = clerk.compare(paid, other, replace(refunded(clerk, paid), trade_ref=other.trade_ref))
    assert clerk.verdicts(kept) == [("line 4", "refund_differs", "")]


def test_refund_that_we_know_nothing_of_is_only_theirs(clerk: Clerk) -> None:
    paid = clerk.paid()
    kept = clerk.compare(paid, clerk.refund_line(paid, "byHandThere", 10_000))
    assert clerk.verdicts(kept) == [("line 3", "only_theirs", "")]


def test_refund_of_another_region_is_left_to_it(clerk: Clerk) -> None:
    line = replace(clerk.paid(), order_no="130100P0123456789A")
    kept = clerk.compare(clerk.paid(), clerk.refund_line(line, "R1", 10_000))
    assert ("line 3", "foreign", "elsewhere") in clerk.verdicts(kept)


def test_refund_belongs_to_any_day_between_its_sending_and_its_end(clerk: Clerk) -> None:
    paid = clerk.paid(at=NOON - timedelta(days=2))
    line = refunded(clerk, paid, sent_at=NOON - timedelta(days=1), ended_at=NOON + timedelta(days=1))
    for days, verdicts in ((-2, ["other_day"]), (2, ["other_day"]), (1, []), (-1, []), (0, [])):
        clerk_day = DAY + timedelta(days=days)
        kept = clerk.compare(
            clerk.line("x", state=LineState.REVOKED, at=NOON + timedelta(days=days)), line, on=clerk_day
        )
        assert [found[1] for found in clerk.verdicts(kept) if found[0] == "line 3"] == verdicts, days
        change("TRUNCATE reconciliation_statement CASCADE")
        change("TRUNCATE reconciliation_line")


def test_refund_said_on_two_days_is_a_duplicate(clerk: Clerk) -> None:
    paid = clerk.paid()
    line = refunded(clerk, paid, ended_at=NOON + timedelta(days=1))
    first = clerk.compare(paid, line)
    tomorrow = clerk.paid(at=NOON + timedelta(days=1))
    second = clerk.compare(tomorrow, line, on=DAY + timedelta(days=1))
    assert (clerk.verdicts(first), clerk.verdicts(second)) == ([], [("line 3", "duplicate_line", "")])
    before = everything()
    clerk.match(first)
    clerk.match(second)
    assert everything() == before


def test_two_refunds_of_one_payment_are_no_duplicates(clerk: Clerk) -> None:
    paid = clerk.paid()
    first = refunded(clerk, paid)
    kept = clerk.compare(paid, first, clerk.refund_line(paid, "second", 100))
    assert clerk.verdicts(kept) == [("line 4", "only_theirs", "")]


def test_same_refund_twice_is_a_duplicate_also_without_the_channels_number(clerk: Clerk) -> None:
    paid = clerk.paid()
    line = replace(refunded(clerk, paid), refund_ref="")
    assert clerk.verdicts(clerk.compare(paid, line, line)) == [("line 4", "duplicate_line", "")]


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (RefundState.SUCCEEDED, "only_ours_settled"),
        (RefundState.SENT, "only_ours_open"),
        (RefundState.UNKNOWN, "only_ours_open"),
        (RefundState.BY_HAND, "only_ours_open"),
        (RefundState.FAILED, ""),
        (RefundState.APPROVED, ""),
        (RefundState.ASKED, ""),
        (RefundState.REJECTED, ""),
    ],
)
def test_refund_that_no_line_tells_of(clerk: Clerk, state: RefundState, verdict: str) -> None:
    paid = clerk.paid()
    refunded(clerk, paid, state)
    assert clerk.verdicts(clerk.compare(paid)) == ([("refund", verdict, "")] if verdict else [])


def test_refund_that_the_day_before_told_of_is_not_absent(clerk: Clerk) -> None:
    paid = clerk.paid(at=NOON - timedelta(days=1))
    line = refunded(clerk, paid, sent_at=NOON - timedelta(days=1), ended_at=NOON)
    clerk.compare(paid, line, on=DAY - timedelta(days=1))
    assert clerk.verdicts(clerk.compare(clerk.paid())) == []
