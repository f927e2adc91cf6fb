"""Statements of the WeChat sandbox, fetched and read by the connector: two programs that share no code, every defect
of the sandbox's catalogue among them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from canbao.channels.interface import (
    Connector,
    FetchedStatement,
    FundLine,
    LineKind,
    LineState,
    Mode,
    Outcome,
    PlaceOrder,
    RequestRefund,
    StatementKind,
    StatementLine,
)
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.settings import from_environment
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from sandbox.wechat.client import SandboxClient

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2024, 11, 15)
NOWHERE = "http://127.0.0.1:9/notices"
AMOUNTS = (40000, 38005, 160000)


@dataclass(frozen=True, slots=True)
class Played:
    """The connector, and a hand on the sandbox's control plane."""

    connector: Connector
    control: SandboxClient

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.control.shift_seconds())

    def fetch(self, kind: StatementKind, day: date = DAY, **bounds: int) -> tuple[FetchedStatement, io.BytesIO]:
        into = io.BytesIO()
        fetched = self.connector.fetch_statement(kind, day, into, now=self.now(), **bounds)
        into.seek(0)
        return fetched, into

    def trades(self) -> list[StatementLine]:
        fetched, file = self.fetch(StatementKind.TRADES)
        assert fetched.outcome is Outcome.CONFIRMED, fetched
        lines = list(self.connector.read_statement(StatementKind.TRADES, file))
        return [line for line in lines if isinstance(line, StatementLine)]

    def pay(self, number: int, amount_fen: int) -> tuple[str, str]:
        order_no = f"360100P{number:011d}"
        order = PlaceOrder(
            order_no=order_no,
            amount_fen=Fen(amount_fen),
            description="2025年度城乡居民医保 1人",
            expires_at=self.now() + timedelta(minutes=30),
            payer_address="203.0.113.7",
            mode=Mode.NATIVE,
            notify_url=NOWHERE,
        )
        assert self.connector.place(order, now=self.now()).outcome is Outcome.CONFIRMED
        self.control.pay(out_trade_no=order_no)
        payment = self.connector.ask(order_no, now=self.now()).payment
        assert payment is not None
        return order_no, payment.trade_ref

    def refund(self, number: int, order_no: str, trade_ref: str, amount_fen: int, captured_fen: int) -> str:
        request = RequestRefund(
            refund_no=f"360100R{number:011d}",
            order_no=order_no,
            trade_ref=trade_ref,
            amount_fen=Fen(amount_fen),
            captured_fen=Fen(captured_fen),
            reason="重复缴费退回",
            notify_url=NOWHERE,
        )
        assert self.connector.refund(request, now=self.now()).outcome is Outcome.WAITING
        return request.refund_no


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("wechat-statements")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "wechat", "--state-dir", str(directory), "--rate", "0"],
        cwd=ROOT,
        env={**os.environ, "CANBAO_CLOCK": "2024-11-15"},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            if (directory / "addresses.json").exists():
                break
            assert process.poll() is None, "the sandbox did not start"
            time.sleep(0.05)
        yield directory / "merchant.json"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def day_after(sandbox: Path) -> Iterator[Played]:
    """Three payments and two refunds on the day, one of them still in work when it ended; now it is half past ten."""
    connector = WeChatConnector(from_environment({"CANBAO_WECHAT_FILE": str(sandbox)}))
    with SandboxClient(json.loads(sandbox.read_text())["control_url"]) as control:
        control.hold_notices()
        # The channel makes three bills a second; these tests ask for more than they would in a year.
        control.set_rate("trade_bill", 0)
        control.set_rate("fund_bill", 0)
        control.set_clock("2024-11-15T10:00:00+08:00")
        played = Played(connector, control)
        paid = [played.pay(number, amount_fen) for number, amount_fen in enumerate(AMOUNTS, start=1)]
        done = played.refund(1, *paid[1], 38005, 38005)
        control.finish_refund(done)
        control.add_fault("refund_stuck", out_trade_no=paid[2][0])
        played.refund(2, *paid[2], 60000, 160000)
        control.set_clock("2024-11-16T09:30:00+08:00")
        early, _ = played.fetch(StatementKind.TRADES)
        assert (early.outcome, early.foreign_code) == (Outcome.WAITING, "STATEMENT_CREATING")
        control.set_clock("2024-11-16T10:30:00+08:00")
        yield played


def test_every_payment_and_refund_of_the_day_is_read_to_the_fen(day_after: Played) -> None:
    lines = {(line.kind, line.order_no): line for line in day_after.trades()}
    account = day_after.connector.account
    assert len(lines) == 5
    for number, amount_fen in enumerate(AMOUNTS, start=1):
        line = lines[LineKind.PAYMENT, f"360100P{number:011d}"]
        assert (line.amount_fen, line.state, line.refund_no) == (amount_fen, LineState.SUCCESS, "")
        assert (line.merchant_ref, line.app_ref) == (account.merchant_ref, account.app_ref)
        payment = day_after.connector.ask(line.order_no, now=day_after.now()).payment
        assert payment is not None
        assert (line.trade_ref, line.happened_at) == (payment.trade_ref, payment.happened_at)
        assert payment.payer_ref
        assert payment.payer_ref not in line.text
    done, stuck = lines[LineKind.REFUND, "360100P00000000002"], lines[LineKind.REFUND, "360100P00000000003"]
    assert (done.refund_no, done.amount_fen, done.state) == ("360100R00000000001", 38005, LineState.REFUND_SUCCESS)
    assert (stuck.refund_no, stuck.amount_fen, stuck.state) == (
        "360100R00000000002",
        60000,
        LineState.REFUND_PROCESSING,
    )
    told = day_after.connector.ask_refund(done.refund_no, now=day_after.now()).told
    assert told is not None
    assert done.refund_ref == told.refund_ref
    assert done.fee_milli_fen <= 0


def test_funds_of_the_day_add_up(day_after: Played) -> None:
    fetched, file = day_after.fetch(StatementKind.FUNDS)
    assert fetched.outcome is Outcome.CONFIRMED
    lines = list(day_after.connector.read_statement(StatementKind.FUNDS, file))
    assert all(isinstance(line, FundLine) for line in lines)
    movements = [line for line in lines if isinstance(line, FundLine)]
    trade_refs = {line.trade_ref for line in day_after.trades() if line.kind is LineKind.PAYMENT}
    came = [line.amount_fen for line in movements if line.is_income and line.business_ref in trade_refs]
    assert sorted(came) == sorted(AMOUNTS)
    for before, after in pairwise(movements):
        step = after.amount_fen if after.is_income else -after.amount_fen
        assert after.balance_fen == before.balance_fen + step


def test_day_on_which_nothing_happened_is_a_plain_no(day_after: Played) -> None:
    for kind in StatementKind:
        fetched, file = day_after.fetch(kind, DAY - timedelta(days=1))
        assert (fetched.outcome, fetched.foreign_code, file.getvalue()) == (Outcome.REFUSED, "NO_STATEMENT_EXIST", b"")


@pytest.mark.parametrize(
    ("fault", "outcome", "code"),
    [
        ("statement_late", Outcome.WAITING, "STATEMENT_CREATING"),
        ("statement_missing_day", Outcome.REFUSED, "NO_STATEMENT_EXIST"),
        ("statement_wrong_hash", Outcome.UNKNOWN, "digest_differs"),
        ("statement_corrupt_file", Outcome.UNKNOWN, "corrupt"),
        ("statement_zip_bomb", Outcome.UNKNOWN, "too_large"),
        ("statement_foreign_token", Outcome.UNKNOWN, "NO_AUTH"),
        ("statement_foreign_address", Outcome.UNKNOWN, "foreign_address"),
    ],
)
def test_defect_is_found_while_fetching_and_the_next_fetch_succeeds(
    day_after: Played, fault: str, outcome: Outcome, code: str
) -> None:
    day_after.control.add_fault(fault, endpoint="trade_bill")
    fetched, _ = day_after.fetch(StatementKind.TRADES, bytes_max=1_000_000)
    assert (fetched.outcome, fetched.foreign_code) == (outcome, code)
    assert len(day_after.trades()) == 5


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("statement_gbk", "channels.statement_not_utf8"),
        ("statement_wrong_sums", "channels.statement_summary_differs"),
        ("statement_truncated", "channels.statement_truncated"),
    ],
)
def test_defect_is_found_while_reading(day_after: Played, fault: str, code: str) -> None:
    day_after.control.add_fault(fault, endpoint="trade_bill")
    fetched, file = day_after.fetch(StatementKind.TRADES)
    assert fetched.outcome is Outcome.CONFIRMED, "the hash is true of the bytes"
    with pytest.raises(CanbaoError) as refused:
        list(day_after.connector.read_statement(StatementKind.TRADES, file))
    assert refused.value.code == code


@pytest.mark.parametrize("fault", ["statement_crlf", "statement_bom", "statement_reordered_columns"])
def test_another_dress_says_the_same(day_after: Played, fault: str) -> None:
    plain = day_after.trades()
    day_after.control.add_fault(fault, endpoint="trade_bill")
    dressed = day_after.trades()
    assert all("***" in line.text for line in dressed)
    # The evidence is the line as it stood there, so in another order of columns it reads otherwise.
    assert [replace(line, text="") for line in dressed] == [replace(line, text="") for line in plain]


def test_comma_and_line_break_in_a_text_break_nothing(day_after: Played) -> None:
    plain = day_after.trades()
    day_after.control.add_fault("statement_comma_in_text", endpoint="trade_bill")
    assert [line.amount_fen for line in day_after.trades()] == [line.amount_fen for line in plain]


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        ("statement_empty_day", 0),
        ("statement_missing_row", 4),
        ("statement_extra_row", 6),
        ("statement_duplicate_row", 6),
        ("statement_foreign_row", 6),
        ("statement_wrong_amount", 5),
        ("statement_many_rows", 1005),
    ],
)
def test_what_is_wrong_in_substance_is_told_as_it_is(day_after: Played, fault: str, count: int) -> None:
    """A file that is whole but not true is read: judging it is for whoever holds our books beside it."""
    day_after.control.add_fault(fault, endpoint="trade_bill")
    lines = day_after.trades()
    assert len(lines) == count
    ours = day_after.connector.account.merchant_ref
    assert any(line.merchant_ref != ours for line in lines) == (fault == "statement_foreign_row")
    paid = sorted(line.amount_fen for line in lines if line.kind is LineKind.PAYMENT)
    assert (fault == "statement_wrong_amount") == (len(lines) == 5 and paid != sorted(AMOUNTS))
