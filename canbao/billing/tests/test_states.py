"""The life of a bill, edge by edge: the table says what may follow what, and nothing else may."""

from __future__ import annotations

import pytest

from canbao.billing.states import ASSESSMENT, BILL, CANCELLED_STATES, LIVE_STATES, BillState

EVENTS = ("meet", "lock", "free", "pay", "void", "reverse", "renew", "annul")
FOLLOWS = {
    (BillState.DUE, "meet"): BillState.MET_BY_SUBSIDY,
    (BillState.DUE, "lock"): BillState.LOCKED,
    (BillState.DUE, "void"): BillState.VOIDED,
    (BillState.DUE, "reverse"): BillState.REVERSED,
    (BillState.LOCKED, "free"): BillState.DUE,
    (BillState.LOCKED, "pay"): BillState.PAID,
    (BillState.PAID, "renew"): BillState.REVERSED,
    (BillState.PAID, "annul"): BillState.VOIDED,
}


def test_the_table_has_these_events() -> None:
    assert BILL.events == EVENTS


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", list(BillState))
def test_every_event_in_every_state(state: BillState, event: str) -> None:
    follows = BILL.target(event) if str(state) in BILL.sources(event) else None
    assert follows == FOLLOWS.get((state, event))


def test_bills_met_by_subsidy_and_cancelled_ones_do_not_move() -> None:
    assert BILL.terminal == {BillState.MET_BY_SUBSIDY, BillState.VOIDED, BillState.REVERSED}


def test_what_cancels_due_bills_reaches_no_paid_one() -> None:
    assert [event for event in EVENTS if "paid" in BILL.sources(event)] == ["renew", "annul"]
    assert BILL.sources("renew") == BILL.sources("annul") == ["paid"]


def test_every_state_is_live_or_cancelled() -> None:
    assert {*LIVE_STATES, *CANCELLED_STATES} == set(BillState)
    assert not {*LIVE_STATES} & {*CANCELLED_STATES}


def test_a_run_ends_once() -> None:
    assert ASSESSMENT.terminal == {"finished", "superseded"}
