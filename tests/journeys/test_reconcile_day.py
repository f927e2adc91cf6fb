"""A day is compared with the channel's statement of it: what agrees, what mends itself, and what a person must see."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from canbao.billing import public as billing
from canbao.channels import catalogue
from canbao.channels.interface import Evidence, FetchedStatement, Outcome
from canbao.channels.wechat.connector import WeChatConnector
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.reconcile_day import DayRun, alarm_missing, reconcile_day, reconcile_due
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import NATION, RegionCode
from canbao.payments import public as payments
from canbao.payments.public import Order, OrderState
from canbao.reconciliation import public as reconciliation
from canbao.site.cli.main import app
from tests.statements import Row, content, write
from tests.world import CHILD, CROWD, NANCHANG, PAYER, RELATIVE, World, at_once, rows

DAY = date(2024, 11, 15)
TABLES = (
    "reconciliation_statement", "reconciliation_statement_event", "reconciliation_statement_part",
    "reconciliation_line", "reconciliation_difference", "reconciliation_discrepancy", "payments_capture",
    "payments_order", "payments_order_event", "payments_discrepancy", "ledger_transfer", "billing_bill",
)  # fmt: skip


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row that a comparison might write."""
    return {table: sorted(rows(f"SELECT * FROM {table}"), key=str) for table in TABLES}


def row_of(world: World, order: Order) -> Row:
    """The line that a statement has of an order that was paid."""
    told = world.sandbox.order(order.order_no)
    account = catalogue.connector("wechat").account
    return Row(
        at=datetime.fromisoformat(str(told["paid_at"])),
        order_no=order.order_no,
        trade_ref=str(told["transaction_id"]),
        amount_fen=int(order.amount_fen),
        merchant_ref=account.merchant_ref,
        app_ref=account.app_ref,
    )


def compare(world: World, path: Path, lines: list[Row], *, on: date = DAY) -> DayRun:
    """Compare a file of these lines."""
    return reconcile_day(world.region, "wechat", on, clock=world.clock, file=write(path / "bill.csv", lines))


def counts(done: DayRun) -> dict[str, tuple[int, int]]:
    """How often each verdict was given, and how many of them mended themselves."""
    assert done.trades is not None
    return {str(item.verdict): (item.count, item.healed_count) for item in done.trades.counts}


def discrepancies() -> list[tuple[object, ...]]:
    """What stands before people: kind, order, state."""
    return rows("SELECT kind, order_no, state FROM reconciliation_discrepancy ORDER BY kind, order_no")


def settled(world: World, *residents: object) -> Order:
    """An order that a notice settled."""
    order = world.open_an_order(*residents)  # type: ignore[arg-type]  # residents, as the world takes them
    world.tell_notice(order)
    return order


def next_morning(world: World) -> None:
    """Ten in the morning of the day after."""
    world.advance(hours=24)


def test_day_on_which_both_sides_agree_leaves_nothing_to_do(world: World, tmp_path: Path) -> None:
    lines = [row_of(world, settled(world, one)) for one in (PAYER, CHILD, RELATIVE)]
    next_morning(world)
    done = compare(world, tmp_path, lines)
    assert (counts(done), discrepancies()) == ({"matched": (3, 0)}, [])
    assert done.trades is not None
    found = done.trades.statement
    assert (found.state, found.is_current, found.payment_fen, done.trades.was_known) == (
        "matched",
        True,
        120_000,
        False,
    )
    assert world.finish() == []


def test_same_file_again_changes_nothing(world: World, tmp_path: Path) -> None:
    line = row_of(world, settled(world))
    lost = world.open_an_order(CHILD)
    world.pay(lost)
    world.letters()
    next_morning(world)
    lines = [line.but(amount_fen=39_999), row_of(world, lost)]
    compare(world, tmp_path, lines)
    before = everything()
    world.advance(minutes=10)
    done = compare(world, tmp_path, lines)
    assert everything() == before
    assert done.trades is not None
    assert done.trades.was_known
    assert counts(done) == {"amount_differs": (1, 0), "only_theirs": (1, 1)}


def test_payment_whose_notices_were_lost_is_settled_from_the_statement(world: World, tmp_path: Path) -> None:
    order = world.open_an_order(PAYER, CHILD)
    world.pay(order)
    world.letters()
    line = row_of(world, order)
    world.clock.advance(timedelta(hours=24))
    done = compare(world, tmp_path, [line])
    assert counts(done) == {"only_theirs": (1, 1)}
    assert world.order(order).state is OrderState.SETTLED
    (capture,) = payments.captures_of(world.region, order.order_no)
    assert (capture.trade_ref, capture.amount_fen, capture.disposition) == (line.trade_ref, 80_000, "credited")
    assert rows("SELECT learned_from FROM payments_capture") == [("statement",)]
    assert {bill.state for bill in billing.bills(world.region, order.bill_ids)} == {"paid"}
    assert (world.finish(), discrepancies()) == ([], [])
    # The notice that comes after all finds its money recorded.
    world.set_channel_clock()
    (sent,) = world.sandbox.notices(order.order_no)
    world.sandbox.replay_notice(str(sent["notice_id"]))
    keep_notices(world.letters())
    assert world.settle().verdicts == {"exists": 1}


def test_payment_of_an_order_that_ended_goes_to_suspense_and_to_a_person(world: World, tmp_path: Path) -> None:
    order = world.open_an_order()
    world.advance(hours=1)
    world.chase()
    assert world.order(order).state is OrderState.EXPIRED
    account = catalogue.connector("wechat").account
    line = Row(
        at=world.clock.now(), order_no=order.order_no, trade_ref="4200009999", amount_fen=40_000,
        merchant_ref=account.merchant_ref, app_ref=account.app_ref,
    )  # fmt: skip
    next_morning(world)
    done = compare(world, tmp_path, [line])
    assert counts(done) == {"only_theirs": (1, 1)}
    (capture,) = payments.captures_of(world.region, order.order_no)
    assert (capture.disposition, capture.reason) == ("suspended", "late_capture")
    assert [case.kind for case in payments.open_cases(world.region)] == ["late_capture"]


def test_money_under_a_number_of_nobodys_stands_before_a_person_and_is_not_booked(world: World, tmp_path: Path) -> None:
    line = row_of(world, settled(world))
    stranger = Row(
        at=line.at, order_no="SHOP2024", trade_ref="4200009999", amount_fen=100, merchant_ref=line.merchant_ref,
        app_ref=line.app_ref,
    )  # fmt: skip
    next_morning(world)
    balances = world.balances()
    done = compare(world, tmp_path, [line, stranger])
    assert counts(done) == {"only_theirs": (1, 0), "matched": (1, 0)}
    assert discrepancies() == [("only_theirs", "SHOP2024", "open")]
    assert world.balances() == balances


def test_money_under_a_number_of_nobodys_that_the_nation_has_is_left_to_it(world: World, tmp_path: Path) -> None:
    line = row_of(world, settled(world))
    (letter,) = world.forged([("SHOP2024", 100)])
    keep_notices([letter])
    from canbao.journeys.settle_orders import settle_orders

    settle_orders(NATION, clock=world.clock)
    assert letter.notice.payment is not None
    stranger = Row(
        at=line.at, order_no="SHOP2024", trade_ref=letter.notice.payment.trade_ref, amount_fen=100,
        merchant_ref=line.merchant_ref, app_ref=line.app_ref,
    )  # fmt: skip
    next_morning(world)
    assert counts(compare(world, tmp_path, [line, stranger]))["only_theirs"] == (1, 1)
    assert discrepancies() == []
    nation = reconcile_day(NATION, "wechat", DAY, clock=world.clock, file=tmp_path / "bill.csv")
    assert counts(nation) == {"foreign": (1, 1), "matched": (1, 0)}


def test_order_that_nobody_paid_is_asked_about_and_closed(world: World, tmp_path: Path) -> None:
    paid, unpaid = settled(world), world.open_an_order(CHILD)
    next_morning(world)
    assert world.order(unpaid).is_live
    done = compare(world, tmp_path, [row_of(world, paid)])
    assert counts(done) == {"only_ours_open": (1, 1), "matched": (1, 0)}
    assert world.order(unpaid).state is OrderState.EXPIRED
    assert [bill.state for bill in billing.bills(world.region, unpaid.bill_ids)] == ["due"]
    assert discrepancies() == []


def test_order_that_turns_out_paid_when_asked_about_is_settled(world: World, tmp_path: Path) -> None:
    paid, lost = settled(world), world.open_an_order(CHILD)
    world.pay(lost)
    world.letters()
    next_morning(world)
    world.letters()
    done = compare(world, tmp_path, [row_of(world, paid)])
    assert counts(done)["only_ours_open"] == (1, 1)
    assert world.order(lost).state is OrderState.SETTLED


def test_order_that_cannot_be_asked_about_stands_until_it_can(world: World, tmp_path: Path) -> None:
    paid, unpaid = settled(world), world.open_an_order(CHILD)
    next_morning(world)
    lines = [row_of(world, paid)]
    world.sandbox.add_fault("reset_after_processing", endpoint="query", times=5)
    done = compare(world, tmp_path, lines)
    assert counts(done)["only_ours_open"] == (1, 0)
    assert discrepancies() == [("only_ours_open", unpaid.order_no, "open")]
    world.sandbox.clear_faults()
    world.advance(minutes=31)
    again = [done for done in reconcile_due(world.region, clock=world.clock) if done.day_on == DAY]
    assert [counts(done)["only_ours_open"] for done in again] == [(1, 1)]
    assert [done for done in reconcile_due(world.region, clock=world.clock) if done.day_on == DAY] == []
    assert discrepancies() == [("only_ours_open", unpaid.order_no, "healed")]


@pytest.mark.parametrize("by_fen", [-1, 1])
def test_one_fen_of_difference_stands_before_a_person_with_both_sides_words(
    world: World, tmp_path: Path, by_fen: int
) -> None:
    order = settled(world)
    line = row_of(world, order)
    next_morning(world)
    done = compare(world, tmp_path, [line.but(amount_fen=40_000 + by_fen)])
    assert counts(done) == {"amount_differs": (1, 0)}
    ((kind, ours, theirs, amount_fen),) = rows("SELECT kind, ours, theirs, amount_fen FROM reconciliation_discrepancy")
    assert (kind, amount_fen) == ("amount_differs", 1)
    assert ours == "400.00 CNY credited 2024-11-15"
    assert str(theirs).startswith(f"{'399.99' if by_fen < 0 else '400.01'} CNY success 2024-11-15 ")


def test_corrected_file_ends_what_the_former_raised(world: World, tmp_path: Path) -> None:
    first, second = row_of(world, settled(world, PAYER)), row_of(world, settled(world, CHILD))
    next_morning(world)
    compare(world, tmp_path, [first.but(amount_fen=1), second.but(amount_fen=1)])
    assert [state for _, _, state in discrepancies()] == ["open", "open"]
    done = compare(world, tmp_path, [first, second.but(amount_fen=1)])
    assert counts(done) == {"amount_differs": (1, 0), "matched": (1, 0)}
    assert sorted(discrepancies()) == sorted(
        [("amount_differs", first.order_no, "healed"), ("amount_differs", second.order_no, "open")]
    )
    assert rows("SELECT count(*) FROM reconciliation_discrepancy") == [(2,)]


def test_row_on_the_neighbour_day_is_carried_and_ends_what_its_absence_raised(world: World, tmp_path: Path) -> None:
    early, late = row_of(world, settled(world, PAYER)), row_of(world, settled(world, CHILD))
    next_morning(world)
    other = settled(world, RELATIVE)
    world.advance(hours=24)
    compare(world, tmp_path, [early])
    assert discrepancies() == [("only_ours_settled", late.order_no, "open")]
    done = compare(world, tmp_path, [late, row_of(world, other)], on=DAY + timedelta(days=1))
    assert counts(done) == {"other_day": (1, 1), "matched": (1, 0)}
    assert discrepancies() == [("only_ours_settled", late.order_no, "healed")]


def test_two_clerks_at_once_make_one_comparison(world: World, tmp_path: Path) -> None:
    lines = [row_of(world, settled(world, one)) for one in CROWD[:5]]
    next_morning(world)
    path = write(tmp_path / "bill.csv", [lines[0].but(amount_fen=1), *lines[1:]])

    def run() -> dict[str, tuple[int, int]]:
        return counts(reconcile_day(NANCHANG, "wechat", DAY, clock=world.clock, file=path))

    wanted = {"amount_differs": (1, 0), "matched": (4, 0)}
    assert at_once(run, run) == [wanted, wanted]
    assert rows("SELECT count(*) FROM reconciliation_line") == [(5,)]
    assert rows("SELECT count(*) FROM reconciliation_discrepancy") == [(1,)]


def truncated(good: bytes) -> bytes:
    """Broken off in the middle."""
    return good[: len(good) * 2 // 3]


def summary_differs(good: bytes) -> bytes:
    """The summary says one more than there are."""
    return good.replace(b"\r\n`2,`", b"\r\n`3,`")


BAD: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("nothing", lambda good: b"", "channels.statement_empty"),
    ("truncated", truncated, "channels.statement_truncated"),
    ("another encoding", lambda good: good.decode().encode("gb18030"), "channels.statement_not_utf8"),
    ("summary differs", summary_differs, "channels.statement_summary_differs"),
    ("packed", gzip.compress, "channels.statement_packed"),
    ("column missing", lambda good: good.replace("订单金额".encode(), b"?"), "channels.statement_column_missing"),
    ("bad amount", lambda good: good.replace(b"`400.00", b"`4oo.00", 1), "channels.statement_unreadable"),
    ("another day", lambda good: good.replace(b"2024-11-15", b"2024-11-14"), "reconciliation.statement_of_another_day"),
]


@pytest.mark.parametrize(("spoil", "code"), [(spoil, code) for _, spoil, code in BAD], ids=[name for name, _, _ in BAD])
def test_bad_file_is_refused_with_its_reason_and_nothing_is_taken_from_it(
    world: World, tmp_path: Path, spoil: Callable[[bytes], bytes], code: str
) -> None:
    lines = [row_of(world, settled(world, one)) for one in (PAYER, CHILD)]
    next_morning(world)
    bad = tmp_path / "bad.csv"
    bad.write_bytes(spoil(content(lines)))
    before = everything()
    for _ in range(2):
        with pytest.raises(CanbaoError) as refused:
            reconcile_day(world.region, "wechat", DAY, clock=world.clock, file=bad)
        assert refused.value.code == code
    after = everything()
    kept_of_it = {"reconciliation_statement", "reconciliation_statement_event"}
    kept_of_it |= {"reconciliation_statement_part"} if bad.stat().st_size else set()
    assert {table for table in TABLES if after[table] != before[table]} == kept_of_it
    (kept,) = reconciliation.statements_of(world.region, "wechat", DAY)
    assert (kept.state, kept.failure_code, kept.is_current, kept.line_count) == ("failed", code, False, 0)
    # A failure is never the final answer: the good file is the next version.
    done = compare(world, tmp_path, lines)
    assert counts(done) == {"matched": (2, 0)}
    assert done.trades is not None
    assert done.trades.statement.version_no == 2


def test_file_of_another_merchant_is_refused_and_one_with_some_foreign_lines_is_not(
    world: World, tmp_path: Path
) -> None:
    line = row_of(world, settled(world))
    next_morning(world)
    with pytest.raises(CanbaoError) as refused:
        compare(world, tmp_path, [line.but(merchant_ref="1999999999")])
    assert refused.value.code == "reconciliation.statement_of_another_merchant"
    assert rows("SELECT count(*) FROM reconciliation_line") == [(0,)]
    done = compare(world, tmp_path, [line, line.but(merchant_ref="1999999999")])
    assert counts(done)["matched"] == (1, 0)


def fetching(monkeypatch: pytest.MonkeyPatch, outcome: Outcome, *, file: bytes = b"", foreign_code: str = "") -> None:
    """Let the channel answer so when it is asked for a statement."""

    def fetch(self: object, kind: object, day: object, into: object, **rest: object) -> FetchedStatement:
        into.write(file)  # type: ignore[attr-defined]  # an open file
        evidence = Evidence(request="GET bill", answer="", status=200)
        return FetchedStatement(
            outcome=outcome, digest="", size=len(file), foreign_code=foreign_code, evidence=evidence
        )

    monkeypatch.setattr(WeChatConnector, "fetch_statement", fetch)


def test_statement_not_made_yet_or_not_had_changes_nothing_and_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(world)
    next_morning(world)
    before = everything()
    fetching(monkeypatch, Outcome.WAITING, foreign_code="STATEMENT_CREATING")
    with pytest.raises(CanbaoError, match="half an hour") as refused:
        reconcile_day(world.region, "wechat", DAY, clock=world.clock)
    assert refused.value.code == "reconciliation.statement_not_ready"
    fetching(monkeypatch, Outcome.UNKNOWN, file=b"half of it", foreign_code="digest_differs")
    with pytest.raises(CanbaoError, match="digest_differs") as refused:
        reconcile_day(world.region, "wechat", DAY, clock=world.clock)
    assert refused.value.code == "reconciliation.statement_not_fetched"
    assert everything() == before


def test_day_without_transactions_is_compared_as_an_empty_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = settled(world)
    next_morning(world)
    fetching(monkeypatch, Outcome.REFUSED, foreign_code="NO_STATEMENT_EXIST")
    done = reconcile_day(world.region, "wechat", DAY, clock=world.clock)
    assert done.trades is not None
    assert (done.trades.statement.source, done.trades.statement.line_count) == ("silent", 0)
    assert counts(done) == {"only_ours_settled": (1, 0)}
    assert discrepancies() == [("only_ours_settled", order.order_no, "open")]


def test_schedule_fetches_yesterday_and_alarms_at_noon_until_it_is_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = row_of(world, settled(world))
    next_morning(world)
    fetching(monkeypatch, Outcome.WAITING, foreign_code="STATEMENT_CREATING")
    assert reconcile_due(world.region, clock=world.clock) == []
    assert alarm_missing(world.region, clock=world.clock) == 1
    assert alarm_missing(world.region, clock=world.clock) == 1
    assert discrepancies() == [("statement_missing", "", "open")]
    fetching(monkeypatch, Outcome.REFUSED, foreign_code="NO_STATEMENT_EXIST")
    monkeypatch.setattr("canbao.journeys.reconcile_day.DAYS_BACK", 1)
    fetching(monkeypatch, Outcome.CONFIRMED, file=content([line]))
    monkeypatch.setattr(WeChatConnector, "read_statement", _trades_of(WeChatConnector.read_statement))
    (done,) = reconcile_due(world.region, clock=world.clock)
    assert counts(done) == {"matched": (1, 0)}
    assert discrepancies() == [("statement_missing", "", "healed")]
    assert alarm_missing(world.region, clock=world.clock) == 0
    assert reconcile_due(world.region, clock=world.clock) == []


def _trades_of(read: Callable[..., object]) -> Callable[..., object]:
    """The reader, for which there is no fund statement."""
    return lambda self, kind, source: read(self, kind, source) if kind == "trades" else iter(())


def test_day_that_is_not_over_a_region_that_takes_no_part_and_an_unknown_channel_are_refused(
    world: World, tmp_path: Path
) -> None:
    before = everything()
    path = write(tmp_path / "bill.csv", [])
    for region, channel, on, code in (
        (NANCHANG, "wechat", DAY, "reconciliation.day_not_over"),
        (RegionCode(999999), "wechat", DAY - timedelta(days=1), "policy.region_unknown"),
        (NANCHANG, "gold", DAY - timedelta(days=1), "channels.channel_unknown"),
    ):
        with pytest.raises(CanbaoError) as refused:
            reconcile_day(region, channel, on, clock=world.clock, file=path)
        assert refused.value.code == code
    assert everything() == before


def test_command_prints_what_became_of_every_line(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = row_of(world, settled(world))
    next_morning(world)
    path = write(tmp_path / "bill.csv", [line])
    monkeypatch.setattr("canbao.site.cli.reconcile.prepare", lambda: None)
    monkeypatch.setattr("canbao.site.cli.reconcile.process_clock", lambda: world.clock)
    words = ["reconcile", "--region", "360100", "--day", "2024-11-15", "--file", str(path)]
    told = CliRunner().invoke(app, [*words, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["trades"]["lines"], found["trades"]["verdicts"], found["funds"]) == (
        1, {"matched": {"count": 1, "healed": 0}}, None,
    )  # fmt: skip
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0
    assert "version 1, known before: 1 line, " in shown.stdout
    assert "\nmatched  1" in shown.stdout
    write(path, [line.but(amount_fen=1)])
    worse = CliRunner().invoke(app, words)
    assert (worse.exit_code, "1 before people" in worse.stdout) == (1, True)
    raw = path.read_text(encoding="utf-8").splitlines()[1]
    payer = raw.split(",`")[7]
    (standing,) = json.loads(CliRunner().invoke(app, ["discrepancies", "list", "--json"]).stdout)
    told = json.loads(CliRunner().invoke(app, ["discrepancies", "show", standing["case_no"], "--json"]).stdout)
    assert len(payer) == 28
    assert told["line"] == raw.replace(payer, f"{payer[:3]}***")
    path.write_bytes(b"")
    refused = CliRunner().invoke(app, words)
    assert (refused.exit_code, "channels.statement_empty" in refused.stderr) == (2, True)
    assert CliRunner().invoke(app, [*words[:4], "yesterday", "--file", str(path)]).exit_code == 2


def test_statements_are_fetched_from_the_channel_and_agree_with_its_own_books(world: World) -> None:
    lost = world.open_an_order(RELATIVE)
    for one in (PAYER, CHILD):
        settled(world, one)
    world.pay(lost)
    world.letters()
    next_morning(world)
    world.letters()
    done = reconcile_day(world.region, "wechat", DAY, clock=world.clock)
    assert counts(done) == {"only_theirs": (1, 1), "matched": (2, 0)}
    assert world.order(lost).state is OrderState.SETTLED
    assert done.trades is not None
    assert done.funds is not None
    assert (done.trades.statement.source, done.trades.statement.payment_fen) == ("fetched", 120_000)
    assert (done.funds.statement.state, done.funds.statement.line_count > 0) == ("loaded", True)
    before = everything()
    again = reconcile_day(world.region, "wechat", DAY, clock=world.clock)
    assert again.trades is not None
    assert (again.trades.was_known, counts(again)) == (True, counts(done))
    assert everything() == before
    assert (world.finish(), discrepancies(), world.sandbox.findings()) == ([], [], [])
