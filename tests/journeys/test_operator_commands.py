"""What an operator types: discrepancies, days and the treasury, as tables and as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from canbao.kernel import environment
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.site.cli.main import app
from tests.journeys.test_close_day import DAY, close, compared, paid
from tests.world import CROWD, PAYER, World


@pytest.fixture
def typing(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, and a command line that lives at its time."""
    monkeypatch.setattr(environment, "process_clock", lambda: world.clock)
    return world


def run(*words: str, status: int = 0) -> Result:
    """What a command answers."""
    shown = CliRunner().invoke(app, list(words))
    assert shown.exit_code == status, shown.output
    return shown


def test_day_is_closed_shown_and_handed_over_by_command(typing: World, tmp_path: Path) -> None:
    world = typing
    order = paid(world, PAYER)
    compared(world)
    where = ("--region", "360100", "--day", "2024-11-15")
    paper = tmp_path / "day.pdf"
    shown = json.loads(run("day", "close", *where, "--by", "Li", "--out", str(paper), "--json").stdout)
    assert (shown["collected_fen"], shown["explained_fen"], shown["is_new"]) == (order.amount_fen, 0, True)
    assert paper.read_bytes().startswith(b"%PDF-1.7")
    run("day", "show", *where, "--out", str(paper), status=2)
    assert shown["link_hash"] in run("day", "show", *where).stdout.replace("\n", "")
    (booking,) = json.loads(run("treasury", "book", *where, "--by", "Li", "--json").stdout)
    assert (booking["amount_fen"], booking["state"]) == (order.amount_fen, "sent")
    number = booking["booking_no"]
    given = ("--ref", "T-1", "--on", "2024-11-16")
    run("treasury", "confirm", number, "--by", "Li", *given, status=2)
    assert "booked" in run("treasury", "confirm", number, "--by", "Wang", *given).stdout
    assert json.loads(run("treasury", "list", "--json").stdout)[0]["treasury_ref"] == "T-1"
    assert "Nothing to book." in run("treasury", "book", *where, "--by", "Li").stdout


def test_day_of_a_booking_explains_what_went_to_the_treasury(typing: World) -> None:
    world = typing
    order = paid(world, PAYER)
    compared(world)
    close(world)
    (booking,) = json.loads(
        run("treasury", "book", "--region", "360100", "--day", "2024-11-15", "--by", "Li", "--json").stdout
    )
    run("treasury", "confirm", booking["booking_no"], "--by", "Wang", "--ref", "T-1", "--on", "2024-11-16")
    paid(world, CROWD[0])
    compared(world, DAY + timedelta(days=1))
    closed = close(world, day_on=DAY + timedelta(days=1))
    (line,) = closed.explanations
    assert (line.kind, line.ref, line.ours_fen, line.theirs_fen) == (
        "to_treasury", booking["booking_no"], -order.amount_fen, 0,
    )  # fmt: skip


def test_discrepancy_is_taken_and_resolved_by_command(typing: World) -> None:
    world = typing
    order = world.open_an_order(PAYER)
    assert "Nothing stands" in run("discrepancies", "list").stdout
    with region_tx(world.region) as tx:
        payments.open_overdue_case(tx, order_id=order.order_id, order_no=order.order_no, now=world.clock.now())
    (told,) = json.loads(run("discrepancies", "list", "--json").stdout)
    assert (told["detail"], told["order_no"], told["amount_fen"]) == ("outcome_overdue", order.order_no, 40_000)
    number = told["case_no"]
    assert "outcome_overdue" in run("discrepancies", "list").stdout
    run("discrepancies", "take", number, "--by", "Li")
    run("discrepancies", "propose", number, "--by", "Li", "--act", "magic", "--reason", "so", status=2)
    run("discrepancies", "approve", number, "--by", "Wang", status=2)
    done = run("discrepancies", "propose", number, "--by", "Li", "--act", "explained", "--reason", "asked", "--json")
    assert (json.loads(done.stdout)["state"], len(json.loads(done.stdout)["history"])) == ("resolved", 3)
    assert "explained: asked" in run("discrepancies", "show", number).stdout
