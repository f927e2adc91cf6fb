"""What is recorded of a day after it was closed stands before an operator the same night, until it is closed again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from canbao.journeys.audit_night import audit_night
from canbao.journeys.reconcile_day import reconcile_day
from canbao.journeys.resolve_discrepancy import propose_resolution, take_discrepancy
from canbao.kernel import environment
from canbao.kernel.ids import group_no
from canbao.payments.public import Order
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Act, ClosedDay, Discrepancy, DiscrepancyKind, DiscrepancyState
from tests.journeys.test_close_day import DAY, close, compared, learned_late, paid
from tests.journeys.test_operator_commands import run
from tests.journeys.test_reconcile_day import row_of
from tests.statements import write
from tests.world import CHILD, NANCHANG, PAYER, RELATIVE, World, rows, tamper


@pytest.fixture
def closed(world: World) -> ClosedDay:
    """A closed day of one payment."""
    paid(world, PAYER)
    compared(world)
    return close(world)


def learn_late(world: World) -> Order:
    """A payment of the closed day, of which we learn after the closing."""
    order = world.open_an_order(RELATIVE)
    world.pay(order)
    told = world.sandbox.order(order.order_no)
    assert learned_late(world, order, str(told["transaction_id"])) == ["settled"]
    return order


def standing() -> list[Discrepancy]:
    """The closed days that stand before people."""
    found = reconciliation.discrepancies(NANCHANG)
    return [one for one in found if one.kind is DiscrepancyKind.AFTER_CLOSE]


def test_day_that_stays_as_it_was_closed_is_told_to_nobody(world: World, closed: ClosedDay) -> None:
    paid(world, CHILD)
    assert audit_night(world.region, clock=world.clock) == []
    assert reconciliation.discrepancies(world.region) == []
    assert reconciliation.since_closed(world.region, "wechat", DAY) is None


def test_late_payment_of_a_closed_day_stands_before_an_operator_the_same_night(world: World, closed: ClosedDay) -> None:
    learn_late(world)
    for _ in range(2):
        audit_night(world.region, clock=world.clock)
    (found,) = standing()
    assert (found.day_on, found.channel_code, found.amount_fen, found.state) == (DAY, "wechat", 40_000, "open")
    assert found.ours == "closed as version 1, collected 400.00"
    assert found.theirs == "now, collected 800.00"
    assert rows("SELECT count(*) FROM reconciliation_day") == [(1,)]


def test_next_late_payment_renews_what_is_told(world: World, closed: ClosedDay) -> None:
    learn_late(world)
    audit_night(world.region, clock=world.clock)
    order = world.open_an_order(CHILD)
    world.pay(order)
    learned_late(world, order, str(world.sandbox.order(order.order_no)["transaction_id"]))
    audit_night(world.region, clock=world.clock)
    (found,) = standing()
    assert (found.theirs, found.amount_fen) == ("now, collected 1,200.00", 80_000)
    moves = reconciliation.discrepancy_events_of(world.region, found.discrepancy_id)
    assert [move.event for move in moves] == ["open", "renew"]


def test_closing_again_ends_it_at_once(world: World, closed: ClosedDay) -> None:
    learn_late(world)
    audit_night(world.region, clock=world.clock)
    ((trade_ref,),) = rows("SELECT trade_ref FROM payments_capture ORDER BY recorded_at DESC LIMIT 1")
    # The fund statement has it too.
    tamper(
        "INSERT INTO reconciliation_fund_line SELECT (jsonb_populate_record(line, jsonb_build_object("
        "'line_no', line.line_no + 1, 'business_ref', %s::text))).* FROM reconciliation_fund_line AS line",
        trade_ref,
    )
    second = close(world, reason="a payment learned of late")
    assert (second.row.version_no, second.row.collected_fen) == (2, 80_000)
    assert standing() == []
    audit_night(world.region, clock=world.clock)
    assert standing() == []
    (healed,) = [
        one
        for one in reconciliation.discrepancies(world.region, [DiscrepancyState.HEALED])
        if one.kind is DiscrepancyKind.AFTER_CLOSE
    ]
    moves = reconciliation.discrepancy_events_of(world.region, healed.discrepancy_id)
    assert [(move.event, move.cause) for move in moves][-1] == ("heal", "closed again")


def test_what_goes_away_by_itself_heals(world: World, closed: ClosedDay) -> None:
    tamper("UPDATE ledger_transfer SET amount_fen = amount_fen + 1 WHERE kind = 'bill_collected'")
    audit_night(world.region, clock=world.clock)
    assert [one.amount_fen for one in standing()] == [1]
    tamper("UPDATE ledger_transfer SET amount_fen = amount_fen - 1 WHERE kind = 'bill_collected'")
    audit_night(world.region, clock=world.clock)
    assert standing() == []


@pytest.mark.parametrize(
    ("kind", "figure"),
    [
        ("capture_suspended", "suspended"),
        ("refund_paid", "refund_paid"),
        ("bill_refunded", "refunded"),
        ("fee_charged", "fee"),
        ("treasury_booked", "booked"),
    ],
)
def test_every_kind_of_movement_of_a_closed_day_is_seen(
    world: World, closed: ClosedDay, kind: str, figure: str
) -> None:
    tamper(
        "INSERT INTO ledger_transfer SELECT (jsonb_populate_record(moved, jsonb_build_object("
        "'id', gen_random_uuid(), 'kind', %s::text))).* FROM ledger_transfer AS moved WHERE kind = 'bill_collected'",
        kind,
    )
    found = reconciliation.since_closed(world.region, "wechat", DAY)
    assert found is not None
    assert found.figures == ((figure, 0, 40_000),)


def test_resolved_with_a_reason_it_stays_resolved_until_more_is_recorded(world: World, closed: ClosedDay) -> None:
    learn_late(world)
    audit_night(world.region, clock=world.clock)
    (found,) = standing()
    take_discrepancy(found.case_no, by="Li", clock=world.clock)
    propose_resolution(found.case_no, by="Li", act=Act.EXPLAINED, reason="closed again on Monday", clock=world.clock)
    audit_night(world.region, clock=world.clock)
    assert standing() == []
    tamper("UPDATE ledger_transfer SET amount_fen = amount_fen + 1 WHERE kind = 'bill_collected'")
    audit_night(world.region, clock=world.clock)
    assert [one.theirs for one in standing()] == ["now, collected 800.02"]


def test_corrected_statement_of_a_closed_day_is_seen(world: World, tmp_path: Path) -> None:
    line = row_of(world, paid(world, PAYER))
    compared(world)
    close(world)
    file = write(tmp_path / "corrected.csv", [line.but(at=line.at + timedelta(seconds=1))])
    reconcile_day(world.region, "wechat", DAY, clock=world.clock, file=file)
    audit_night(world.region, clock=world.clock)
    (found,) = standing()
    assert (found.theirs, found.amount_fen) == ("now, another trade statement", None)


def test_day_show_says_what_was_recorded_since(
    world: World, closed: ClosedDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "process_clock", lambda: world.clock)
    where = ("--region", "360100", "--day", "2024-11-15")
    assert json.loads(run("day", "show", *where, "--json").stdout)["since"] is None
    assert "Recorded since" not in run("day", "show", *where).stdout
    world.advance(minutes=5)
    order = learn_late(world)
    since = json.loads(run("day", "show", *where, "--json").stdout)["since"]
    assert since["figures"] == {"collected": {"closed_fen": 40_000, "now_fen": 80_000}}
    ((recorded),) = since["recorded"]
    assert (recorded["kind"], recorded["amount_fen"], recorded["order_no"]) == (
        "bill_collected", 40_000, order.order_no,
    )  # fmt: skip
    shown = run("day", "show", *where).stdout
    assert "Recorded since it was closed" in shown
    assert order.order_no in shown
    audit_night(world.region, clock=world.clock)
    assert group_no(standing()[0].case_no) in run("discrepancies", "list").stdout
