"""A discrepancy is resolved by who looks after it, with a reason that the books know, and above an amount by two."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from canbao.journeys.resolve_discrepancy import (
    approve_resolution,
    close_cases_gone,
    propose_resolution,
    rules_of,
    send_back_resolution,
    take_discrepancy,
)
from canbao.kernel.clock import FixedClock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.states import StateMachine
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import RefundRequest
from canbao.payments.tests.desk import Desk
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import DISCREPANCY, Act, Discrepancy, DiscrepancyKind, DiscrepancyState, Raised
from tests.owner import as_owner
from tests.world import at_once, rows, stranger_id

SMALL, LARGE = Fen(40_000), Fen(40_001)

NUMBER = make_no(RegionCode(360100), Kind.CASE, stranger_id(1))


def told(region: RegionCode, clock: FixedClock, amount_fen: Fen | None = SMALL, **changes: str) -> Discrepancy:
    """A discrepancy of so much, before people."""
    item = Raised(
        matter_id=stranger_id(1), kind=DiscrepancyKind.ONLY_THEIRS, ours="", theirs="400.00", amount_fen=amount_fen
    )
    with region_tx(region) as tx:
        reconciliation.raise_discrepancies(tx, [replace(item, **changes)], now=clock.now())  # type: ignore[arg-type]  # texts only
    return reconciliation.discrepancy_by_no(NUMBER)


def history() -> list[tuple[object, ...]]:
    """Every move, in order."""
    return rows(
        "SELECT event, target, actor, cause FROM reconciliation_discrepancy_event ORDER BY discrepancy_id, move_no"
    )


def refused(code: str) -> pytest.RaisesExc[CanbaoError]:
    """A refusal by its code."""
    return pytest.RaisesExc(CanbaoError, check=lambda raised: raised.code == f"reconciliation.{code}")


def test_small_amount_is_resolved_by_its_owner_alone(db: None, clock: FixedClock, region: RegionCode) -> None:
    told(region, clock)
    assert take_discrepancy(NUMBER, by=" Li  Na ", clock=clock).owner == "Li Na"
    done = propose_resolution(NUMBER, by="Li Na", act=Act.EXPLAINED, reason="a test payment", clock=clock)
    assert (done.state, done.act, done.reason, done.approved_by) == (
        DiscrepancyState.RESOLVED, "explained", "a test payment", "",
    )  # fmt: skip
    assert done.ended_at == clock.now()
    assert history() == [
        ("open", "open", "canbao", "only_theirs"),
        ("take", "taken", "Li Na", ""),
        ("settle", "resolved", "Li Na", "explained: a test payment"),
    ]
    assert reconciliation.discrepancies(region) == []


@pytest.mark.parametrize("amount_fen", [LARGE, None], ids=["above the amount", "nobody can say how much"])
def test_large_or_unknown_amount_takes_two_people(
    db: None, clock: FixedClock, region: RegionCode, amount_fen: Fen | None
) -> None:
    told(region, clock, amount_fen)
    take_discrepancy(NUMBER, by="Li Na", clock=clock)
    proposed = propose_resolution(NUMBER, by="Li Na", act=Act.CHANNEL_CORRECTS, reason="ticket 71", clock=clock)
    assert (proposed.state, proposed.limit_fen) == (DiscrepancyState.PROPOSED, 40_000)
    for same in ("Li Na", "li  na"):
        with refused("discrepancy_same_person"):
            approve_resolution(NUMBER, by=same, clock=clock)
    assert reconciliation.discrepancy_by_no(NUMBER) == proposed
    done = approve_resolution(NUMBER, by="Wang Bo", clock=clock)
    assert (done.state, done.proposed_by, done.approved_by) == (DiscrepancyState.RESOLVED, "Li Na", "Wang Bo")


def test_proposal_sent_back_is_its_owners_again(db: None, clock: FixedClock, region: RegionCode) -> None:
    told(region, clock, LARGE)
    take_discrepancy(NUMBER, by="Li", clock=clock)
    propose_resolution(NUMBER, by="Li", act=Act.EXPLAINED, reason="so", clock=clock)
    back = send_back_resolution(NUMBER, by="Wang", cause="whose payment is it?", clock=clock)
    assert (back.state, back.owner, back.act, back.reason, back.proposed_by) == ("taken", "Li", "", "", "")
    assert history()[-1] == ("send_back", "taken", "Wang", "whose payment is it?")


def test_database_refuses_one_person_for_both(db: None, clock: FixedClock, region: RegionCode) -> None:
    told(region, clock, LARGE)
    take_discrepancy(NUMBER, by="Li", clock=clock)
    propose_resolution(NUMBER, by="Li", act=Act.EXPLAINED, reason="so", clock=clock)
    for approver in ("'Li'", "''"):
        with as_owner() as session, pytest.raises(psycopg.errors.CheckViolation, match="discrepancy_two"):
            session.execute(
                "UPDATE reconciliation_discrepancy SET state = 'resolved', ended_at = opened_at, approved_by = "
                f"{approver}".encode()
            )
    assert reconciliation.discrepancy_by_no(NUMBER).state == "proposed"


def test_history_cannot_be_changed_by_the_application(db: None, clock: FixedClock, region: RegionCode) -> None:
    told(region, clock)
    granted = rows(
        "SELECT privilege_type FROM information_schema.role_table_grants "
        "WHERE table_name = 'reconciliation_discrepancy_event' AND grantee = 'canbao_app' ORDER BY 1"
    )
    assert granted == [("INSERT",), ("SELECT",)]


def test_who_does_not_look_after_it_cannot_propose(db: None, clock: FixedClock, region: RegionCode) -> None:
    told(region, clock)
    with refused("discrepancy_wrong_state"):
        propose_resolution(NUMBER, by="Li", act=Act.EXPLAINED, reason="so", clock=clock)
    take_discrepancy(NUMBER, by="Li", clock=clock)
    with refused("discrepancy_not_yours"):
        propose_resolution(NUMBER, by="Wang", act=Act.EXPLAINED, reason="so", clock=clock)
    with refused("discrepancy_without_reason"):
        take_discrepancy(NUMBER, by="Wang", clock=clock)
    assert take_discrepancy(NUMBER, by="Li", clock=clock).owner == "Li"
    assert take_discrepancy(NUMBER, by="Wang", cause="Li is away", clock=clock).owner == "Wang"
    assert [move[0] for move in history()] == ["open", "take", "hand_over"]


@pytest.mark.parametrize("name", ["", "  ", "canbao", "x" * 65])
def test_nobody_is_no_name(db: None, clock: FixedClock, region: RegionCode, name: str) -> None:
    told(region, clock)
    with refused("discrepancy_without_name"):
        take_discrepancy(NUMBER, by=name, clock=clock)
    assert len(history()) == 1


@pytest.mark.parametrize("reason", ["", " ", "x" * 201])
def test_resolution_without_a_reason_is_refused(db: None, clock: FixedClock, region: RegionCode, reason: str) -> None:
    told(region, clock)
    before = take_discrepancy(NUMBER, by="Li", clock=clock)
    with refused("discrepancy_without_reason"):
        propose_resolution(NUMBER, by="Li", act=Act.EXPLAINED, reason=reason, clock=clock)
    assert reconciliation.discrepancy_by_no(NUMBER) == before


@pytest.mark.parametrize("act", [Act.REFUNDED, Act.CREDITED, Act.BOOKED_AGAIN])
def test_act_that_the_books_know_nothing_of_is_refused(
    db: None, clock: FixedClock, region: RegionCode, act: Act
) -> None:
    told(region, clock, order_no="360100PA", trade_ref="4200")
    before = take_discrepancy(NUMBER, by="Li", clock=clock)
    with refused("act_not_true"):
        propose_resolution(NUMBER, by="Li", act=act, reason="so", clock=clock)
    assert reconciliation.discrepancy_by_no(NUMBER) == before
    assert len(history()) == 2


def test_unknown_number_is_refused(db: None, clock: FixedClock, region: RegionCode) -> None:
    with refused("discrepancy_not_found"):
        take_discrepancy(NUMBER, by="Li", clock=clock)
    with refused("discrepancy_not_found"):
        reconciliation.discrepancy_by_no(NUMBER)
    with pytest.raises(CanbaoError) as wrong:
        reconciliation.discrepancy_by_no(make_no(region, Kind.ORDER, stranger_id(1)))
    assert wrong.value.code == "kernel.number_wrong_kind"


MOVES = {
    "take": lambda clock: take_discrepancy(NUMBER, by="Wang", cause="so", clock=clock),
    "settle": lambda clock: propose_resolution(NUMBER, by="Li", act=Act.EXPLAINED, reason="so", clock=clock),
    "approve": lambda clock: approve_resolution(NUMBER, by="Wang", clock=clock),
    "send_back": lambda clock: send_back_resolution(NUMBER, by="Wang", cause="so", clock=clock),
}


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", DiscrepancyState)
def test_every_act_in_every_state(
    db: None, clock: FixedClock, region: RegionCode, event: str, state: DiscrepancyState
) -> None:
    told(region, clock)
    with as_owner() as session:
        session.execute(
            "UPDATE reconciliation_discrepancy SET state = %s, owner = 'Li', act = 'explained', reason = 'so', "
            "proposed_by = 'Li', limit_fen = 40000, "
            "ended_at = CASE WHEN %s IN ('resolved', 'healed') THEN opened_at END",
            [state, state],
        )
    machine: StateMachine = DISCREPANCY
    events = ("take", "hand_over") if event == "take" else (event,)
    if any(state in machine.sources(one) for one in events):
        assert MOVES[event](clock).state in {machine.target(one) for one in events}
    else:
        with refused("discrepancy_wrong_state"):
            MOVES[event](clock)
        assert reconciliation.discrepancy_by_no(NUMBER).state == state


def test_two_people_who_take_at_once_leave_one_owner(db: None, clock: FixedClock, region: RegionCode) -> None:
    told(region, clock)
    answers = at_once(*[lambda name=name: take_discrepancy(NUMBER, by=name, clock=clock) for name in ("A", "B")])
    assert sorted(type(one).__name__ for one in answers) == ["CanbaoError", "Discrepancy"]
    assert len(history()) == 2


@pytest.fixture
def case(db: None, clock: FixedClock, region: RegionCode) -> tuple[Desk, str, str]:
    """Money in suspense: a desk, the order's number, the case's."""
    desk = Desk(region=region, clock=clock)
    order = desk.move(desk.open(), "close")
    (judged,) = desk.judge(desk.seen(order.order_no))
    assert str(judged.verdict) == "late_capture"
    (found,) = payments.open_cases(region)
    return desk, order.order_no, found.case_no


def test_case_of_payments_stands_in_the_same_list(
    case: tuple[Desk, str, str], clock: FixedClock, region: RegionCode
) -> None:
    _, order_no, case_no = case
    (found,) = reconciliation.discrepancies(region)
    assert (found.case_no, found.kind, found.detail, found.order_no, found.amount_fen, found.state) == (
        case_no, "case", "late_capture", order_no, 40_000, "open",
    )  # fmt: skip
    assert (found.ours, found.theirs, found.opened_at) == ("400.00 CNY", "400.00 CNY", clock.now())
    assert reconciliation.discrepancy_by_no(case_no) == found
    taken = take_discrepancy(case_no, by="Li", clock=clock)
    assert taken == replace(found, state=DiscrepancyState.TAKEN, owner="Li")
    assert reconciliation.discrepancies(region) == [taken]
    assert [move[:2] for move in history()] == [("open", "open"), ("take", "taken")]


@pytest.mark.parametrize("act", Act)
def test_money_in_suspense_is_resolved_by_no_word_while_no_refund_speaks_for_it(
    case: tuple[Desk, str, str], clock: FixedClock, region: RegionCode, act: Act
) -> None:
    _, order_no, case_no = case
    taken = take_discrepancy(case_no, by="Li", clock=clock)
    with refused("act_not_true"):
        propose_resolution(case_no, by="Li", act=act, reason="kept for the payer", clock=clock)
    assert payments.case_of_order(region, order_no) is not None
    assert reconciliation.discrepancies(region) == [taken]


def ask_refund(desk: Desk, order_no: str, *, refund_no: int = 7) -> None:
    """A refund of the whole capture, asked for."""
    (capture,) = payments.captures_of(desk.region, order_no)
    request = RefundRequest(
        capture_id=capture.capture_id,
        amount_fen=capture.amount_fen,
        quoted_left_fen=capture.amount_fen,
        reason="paid_after_close",
        note="",
        undoes="none",
        bill_after="unchanged",
        steps=[],
        lines=(),
        event_on=None,
        deadline_at=desk.clock.now(),
    )
    with region_tx(desk.region) as tx:
        payments.ask_refund(tx, request, refund_id=stranger_id(refund_no), by="Li", now=desk.clock.now())


@pytest.fixture
def resolved(case: tuple[Desk, str, str], clock: FixedClock) -> tuple[Desk, str, str]:
    """The same case resolved, because a refund speaks for all of its money."""
    desk, order_no, case_no = case
    ask_refund(desk, order_no)
    take_discrepancy(case_no, by="Li", clock=clock)
    with refused("act_not_true"):
        propose_resolution(case_no, by="Li", act=Act.CREDITED, reason="has paid", clock=clock)
    done = propose_resolution(case_no, by="Li", act=Act.REFUNDED, reason="sent back", clock=clock)
    assert done.state is DiscrepancyState.RESOLVED
    return case


def test_refund_under_way_makes_refunded_true_and_closes_the_case(
    resolved: tuple[Desk, str, str], region: RegionCode
) -> None:
    assert payments.open_cases(region) == []
    assert reconciliation.discrepancies(region) == []


def test_money_whose_refund_is_turned_down_lies_before_people_again(
    resolved: tuple[Desk, str, str], clock: FixedClock, region: RegionCode
) -> None:
    desk, order_no, case_no = resolved
    with region_tx(region) as tx:
        payments.reject_refund(tx, stranger_id(7), by="Wang", cause="whose is it?", now=clock.now())
    (found,) = reconciliation.discrepancies(region)
    assert (found.kind, found.detail, found.order_no, found.amount_fen, found.state) == (
        "case", "suspense_left", order_no, 40_000, "open",
    )  # fmt: skip
    assert found.case_no != case_no
    take_discrepancy(found.case_no, by="Li", clock=clock)
    with refused("act_not_true"):
        propose_resolution(found.case_no, by="Li", act=Act.EXPLAINED, reason="kept", clock=clock)
    assert close_cases_gone(region, clock=clock) == 0
    ask_refund(desk, order_no, refund_no=8)
    assert close_cases_gone(region, clock=clock) == 1
    assert reconciliation.discrepancies(region) == []


def test_case_goes_away_when_its_money_has_gone_back(
    case: tuple[Desk, str, str], clock: FixedClock, region: RegionCode
) -> None:
    desk, order_no, case_no = case
    take_discrepancy(case_no, by="Li", clock=clock)
    ask_refund(desk, order_no)
    assert close_cases_gone(region, clock=clock) == 0
    with as_owner() as session:
        session.execute(
            "UPDATE payments_refund SET state = 'succeeded', succeeded_at = asked_at, refund_ref = '50', "
            "approved_by = 'Wang', approved_at = asked_at, ended_at = asked_at"
        )
    assert close_cases_gone(region, clock=clock) == 1
    assert close_cases_gone(region, clock=clock) == 0
    assert reconciliation.discrepancy_by_no(case_no).state is DiscrepancyState.HEALED
    assert payments.open_cases(region) == []
    assert history()[-1] == ("heal", "healed", "canbao", "the money has found its place")


def test_amount_for_two_people_says_that_it_has_no_source(db: None, region: RegionCode) -> None:
    rules = rules_of(region)
    assert (rules.two_people_above_fen, rules.is_national, rules.source.reliability) == (40_000, True, "unsourced")
