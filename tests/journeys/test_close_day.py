"""A day is closed when everything of it fits or is resolved: exact totals, a chain, a signed paper, and no way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from canbao.documents import public as documents
from canbao.documents.public import SealState
from canbao.journeys.close_day import close_day
from canbao.journeys.reconcile_day import reconcile_day
from canbao.journeys.resolve_discrepancy import approve_resolution, propose_resolution, take_discrepancy
from canbao.kernel.errors import CanbaoError
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import Order
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Act, ClosedDay
from tests.owner import as_owner
from tests.world import CHILD, CROWD, PAYER, RELATIVE, Resident, World, at_once, audit, count, rows, tamper

DAY = date(2024, 11, 15)
TABLES = (
    "reconciliation_day",
    "reconciliation_day_total",
    "reconciliation_day_explanation",
    "reconciliation_day_paper",
)


def paid(world: World, *residents: Resident) -> Order:
    """An order of these residents, paid, told of and settled."""
    order = world.open_an_order(*residents)
    world.tell_notice(order)
    settled = world.order(order)
    assert settled.state == "settled"
    return settled


def to_noon_after(world: World, day_on: date = DAY) -> None:
    """Move both clocks to noon of the day after."""
    noon = datetime(day_on.year, day_on.month, day_on.day, 4, tzinfo=UTC) + timedelta(days=1)
    world.advance(seconds=(noon - world.clock.now()).total_seconds())


def compared(world: World, day_on: date = DAY) -> None:
    """Fetch and compare the day's statements."""
    to_noon_after(world, day_on)
    reconcile_day(world.region, "wechat", day_on, clock=world.clock)


def close(world: World, *, by: str = "Li Na", reason: str = "", day_on: date = DAY) -> ClosedDay:
    """Close the day."""
    return close_day(world.region, "wechat", day_on, by=by, reason=reason, clock=world.clock)


def refusal(world: World, code: str) -> CanbaoError:
    """Closing is refused by a code, and nothing of a day is written."""
    before = [rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]
    with pytest.raises(CanbaoError) as refused:
        close(world)
    assert refused.value.code == f"reconciliation.{code}"
    assert [rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES] == before
    return refused.value


def test_day_is_closed_with_exact_totals_and_no_difference(world: World) -> None:
    orders = [paid(world, PAYER), paid(world, CHILD, RELATIVE)]
    compared(world)
    closed = close(world)
    total_fen = sum(order.amount_fen for order in orders)
    assert total_fen == sum(bill.personal_fen for bill in world.bills(PAYER, CHILD, RELATIVE))
    (total,) = closed.totals
    assert (total.scheme_code, total.due_from, total.due_until) == ("390", 202501, 202512)
    assert (total.collected_count, total.collected_fen, total.refunded_count, total.refunded_fen) == (
        3,
        total_fen,
        0,
        0,
    )
    row = closed.row
    assert (row.version_no, row.place, row.closed_by, row.reason) == (1, 1, "Li Na", "")
    assert (row.payment_count, row.payment_fen, row.collected_fen) == (2, total_fen, total_fen)
    assert (row.clearing_in_fen, row.clearing_out_fen) == (total_fen, 0)
    assert (row.funds_in_fen, row.funds_out_fen, row.explained_fen, row.balance_fen) == (total_fen, 0, 0, total_fen)
    assert (closed.explanations, closed.is_new) == ((), True)
    assert world.finish() == []


def test_paper_is_signed_and_kept_byte_for_byte(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    pdf = reconciliation.day_paper(close(world))
    check = documents.seal_in_force().check(pdf)
    assert (check.state, check.signed_at) == (SealState.INTACT, world.clock.now())
    assert check.title == "日结单 南昌市 微信支付 2024-11-15"
    world.advance(hours=1)
    assert reconciliation.day_paper(close(world)) == pdf
    assert documents.seal_in_force().check(pdf.replace(b"/Title", b"/Titel", 1)).state is SealState.ALTERED


def test_closing_again_is_the_same_closing(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    first = close(world)
    again = close(world, by="Wang Bo")
    assert again == replace(first, is_new=False)
    assert [count(table) for table in TABLES] == [1, 1, 0, 1]


def test_two_who_close_at_once_close_once(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    answers = at_once(lambda: close(world), lambda: close(world, by="Wang Bo"))
    days = [one for one in answers if isinstance(one, ClosedDay)]
    assert [one.is_new for one in days].count(True) == 1
    assert len(days) == 2
    assert count("reconciliation_day") == 1


def test_fees_are_posted_and_told(world: World) -> None:
    world.sandbox.set_fee(6_000)
    order = paid(world, PAYER)
    compared(world)
    row = close(world).row
    assert row.fee_fen == 240
    assert (row.clearing_in_fen, row.clearing_out_fen, row.funds_out_fen, row.explained_fen) == (
        order.amount_fen, 240, 240, 0,
    )  # fmt: skip
    assert world.balances()["channel_fee"] == 240
    assert close(world).row.version_no == 1
    assert world.balances()["channel_fee"] == 240
    assert world.finish() == []


def test_money_paid_out_is_explained_line_by_line(world: World) -> None:
    paid(world, PAYER)
    world.sandbox.withdraw(30_000)
    world.sandbox.deposit(5_000)
    compared(world)
    closed = close(world)
    assert [(one.kind, one.item_count, one.ours_fen, one.theirs_fen) for one in closed.explanations] == [
        ("paid_in", 1, 0, 5_000), ("paid_out", 1, 0, -30_000),
    ]  # fmt: skip
    assert closed.row.explained_fen == -25_000
    assert closed.row.balance_fen == 15_000


def test_day_not_over_or_not_compared_is_refused(world: World) -> None:
    paid(world, PAYER)
    refusal(world, "day_not_over")
    to_noon_after(world)
    refusal(world, "day_not_compared")


def test_what_differs_stands_before_people_until_they_resolve_it(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    tamper("UPDATE reconciliation_fund_line SET amount_fen = amount_fen - 1")
    told = refusal(world, "day_not_explained")
    assert dict(told.params) == {"day": "2024-11-15", "count": 1, "amount": "0.01"}
    refusal(world, "day_not_explained")
    (found,) = reconciliation.discrepancies(world.region)
    assert (found.kind, found.ours, found.theirs, found.amount_fen, found.line_no) == (
        "funds_differ", "400.00", "399.99", 1, 2,
    )  # fmt: skip
    take_discrepancy(found.case_no, by="Li", clock=world.clock)
    propose_resolution(found.case_no, by="Li", act=Act.CHANNEL_CORRECTS, reason="ticket 8", clock=world.clock)
    closed = close(world)
    (line,) = closed.explanations
    assert (line.kind, line.case_no, line.ours_fen, line.theirs_fen) == ("resolved", found.case_no, 40_000, 39_999)
    assert closed.row.explained_fen == -1


def test_difference_that_is_gone_heals(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    tamper("UPDATE reconciliation_fund_line SET amount_fen = amount_fen - 1")
    refusal(world, "day_not_explained")
    tamper("UPDATE reconciliation_fund_line SET amount_fen = amount_fen + 1")
    assert close(world).explanations == ()
    assert [one.state for one in reconciliation.discrepancies(world.region, list(reconciliation.DiscrepancyState))] == [
        "healed"
    ]


def test_day_with_a_discrepancy_of_its_statement_stays_open(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    tamper("UPDATE reconciliation_line SET amount_fen = amount_fen + 100")
    kept = next(one for one in reconciliation.statements_of(world.region, "wechat", DAY) if one.kind == "trades")
    tamper("UPDATE reconciliation_statement SET state = 'loaded' WHERE kind = 'trades'")
    with region_tx(world.region) as tx:
        kept = reconciliation.match_statement(tx, kept, regions=[world.region], now=world.clock.now())
    told = refusal(world, "day_has_discrepancies")
    assert told.params["count"] == 1


def test_later_correction_is_a_new_version_with_a_reason(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    first = close(world)
    before = rows("SELECT * FROM reconciliation_day")
    late = world.open_an_order(RELATIVE)
    world.pay(late)
    told = world.sandbox.order(late.order_no)
    judged = learned_late(world, late, str(told["transaction_id"]))
    assert judged == ["settled"]
    refusal(world, "day_not_explained")
    for one in reconciliation.discrepancies(world.region):
        take_discrepancy(one.case_no, by="Li", clock=world.clock)
        propose_resolution(one.case_no, by="Li", act=Act.EXPLAINED, reason="listed on the next day", clock=world.clock)
    refusal(world, "day_closed_otherwise")
    second = close(world, reason="a payment learned of late")
    assert (second.row.version_no, second.row.place, second.row.reason) == (2, 2, "a payment learned of late")
    assert [one.collected_count for one in second.totals] == [2]
    assert rows("SELECT * FROM reconciliation_day ORDER BY place")[:1] == before
    assert reconciliation.closed_day(world.region, "wechat", DAY) == replace(second, is_new=False)
    assert reconciliation.closed_days(world.region, "wechat") == [replace(one, is_new=False) for one in (first, second)]


def learned_late(world: World, order: Order, trade_ref: str) -> list[str]:
    """A payment of the closed day that we learn of afterwards."""
    from canbao.channels import catalogue
    from canbao.channels.interface import Payment
    from canbao.journeys.settle_orders import settle_captures

    account = catalogue.connector("wechat").account
    payment = Payment(
        order_no=order.order_no,
        trade_ref=trade_ref,
        amount_fen=order.amount_fen,
        currency="CNY",
        merchant_ref=account.merchant_ref,
        app_ref=account.app_ref,
        happened_at=datetime(2024, 11, 15, 15, tzinfo=UTC),
        payer_ref="",
    )
    seen = payments.Seen(channel_code="wechat", payment=payment, learned_from="statement", subject_id=order.order_id)
    with region_tx(world.region) as tx:
        return [str(item.verdict) for item in settle_captures(tx, [seen], now=world.clock.now())]


@pytest.fixture
def closed(world: World) -> ClosedDay:
    """A closed day of one payment."""
    paid(world, PAYER)
    compared(world)
    return close(world)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["UPDATE {} SET region_code = region_code", "DELETE FROM {}"])
def test_application_may_not_change_what_was_closed(closed: ClosedDay, table: str, verb: str) -> None:
    with as_owner() as session, session.transaction(force_rollback=True):
        session.execute("SET LOCAL ROLE canbao_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(verb.format(table).encode())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reconciliation_day SET payment_count = payment_count + 1",
        "UPDATE reconciliation_day SET closed_by = 'somebody'",
        "UPDATE reconciliation_day SET closed_at = closed_at + interval '1 microsecond'",
        "UPDATE reconciliation_day SET collected_fen = collected_fen + 1, suspended_fen = suspended_fen - 1",
        "UPDATE reconciliation_day SET link_hash = decode(repeat('00', 32), 'hex')",
        "UPDATE reconciliation_day_total SET collected_fen = collected_fen + 1",
        "UPDATE reconciliation_day_total SET due_until = 202511",
        "DELETE FROM reconciliation_day_total",
        "UPDATE reconciliation_day_paper SET pdf = pdf || '\\x00'::bytea",
        "DELETE FROM reconciliation_day_paper",
    ],
)
def test_auditor_detects_a_changed_row(closed: ClosedDay, world: World, change: str) -> None:
    assert world.finish() == []
    assert tamper(change) == 1
    assert {found.auditor for found in audit()} == {"reconciliation.closed_days_are_whole"}


def test_days_of_one_channel_are_one_chain(world: World) -> None:
    hashes = []
    for back in range(3):
        paid(world, CROWD[back])
        day_on = DAY + timedelta(days=back)
        compared(world, day_on)
        hashes.append(close(world, day_on=day_on).link_hash)
    assert len(set(hashes)) == 3
    assert world.finish() == []
    tamper("DELETE FROM reconciliation_day_paper WHERE day_id = (SELECT id FROM reconciliation_day WHERE place = 2)")
    tamper("DELETE FROM reconciliation_day_total WHERE day_id = (SELECT id FROM reconciliation_day WHERE place = 2)")
    tamper("DELETE FROM reconciliation_day WHERE place = 2")
    assert {found.subject for found in audit()} == {"wechat 3"}


def test_large_difference_takes_two(world: World) -> None:
    paid(world, PAYER)
    compared(world)
    tamper("UPDATE reconciliation_fund_line SET business_ref = '4299', voucher_ref = ''")
    refusal(world, "day_not_explained")
    found = reconciliation.discrepancies(world.region)
    assert [(one.ours, one.theirs) for one in found] == [("400.00", "0.00"), ("0.00", "400.00")] or len(found) == 2
    tamper("UPDATE reconciliation_discrepancy SET amount_fen = 40001")
    for one in found:
        take_discrepancy(one.case_no, by="Li", clock=world.clock)
        propose_resolution(one.case_no, by="Li", act=Act.CHANNEL_CORRECTS, reason="ticket", clock=world.clock)
    refusal(world, "day_not_explained")
    for one in found:
        approve_resolution(one.case_no, by="Wang", clock=world.clock)
    closed = close(world)
    assert sorted((line.ours_fen, line.theirs_fen) for line in closed.explanations) == [(0, 40_000), (40_000, 0)]
