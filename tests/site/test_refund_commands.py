"""`canbao refunds`: two people take one refund from the asking to the payer, and every refusal is one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from typer.testing import CliRunner

from canbao.journeys.keep_notices import keep_notices
from canbao.kernel import environment
from canbao.kernel.ids import group_no
from canbao.payments import public as payments
from canbao.payments.public import Order
from canbao.site.cli import refusals
from canbao.site.cli.main import app
from tests.world import CHILD, FULL_FEN, PAYER, World, counts

runner = CliRunner()


@pytest.fixture
def paid(world: World, monkeypatch: pytest.MonkeyPatch) -> Order:
    """An order of two, paid; the commands run by the world's clock and have notices sent to its letterbox."""
    monkeypatch.setattr(environment, "process_clock", lambda: world.clock)
    monkeypatch.setattr(settings, "NOTICE_URL", world.addresses.notify_url.removesuffix("/notices/wechat"))
    order = world.open_an_order(PAYER, CHILD)
    world.tell_notice(order)
    assert world.finish() == []
    return order


def told(*words: str) -> Any:
    """What a command prints as JSON."""
    done = runner.invoke(app, ["refunds", *words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*words: str) -> str:
    """The one sentence of a command that refuses."""
    done = runner.invoke(app, ["refunds", *words])
    assert done.exit_code == refusals.REFUSED, done.output
    assert done.stdout == ""
    return done.stderr.strip()


def test_two_people_take_a_refund_to_its_payer(world: World, paid: Order) -> None:
    (left,) = told("left", paid.order_no)
    assert (left["left_fen"], left["disposition"]) == (2 * FULL_FEN, "credited")
    (bill,) = world.bills(CHILD)
    words = ["--reason", "wrong_year", "--left", "800.00", "--by", "li", "--bill", group_no(bill.bill_no)]
    asked = told("ask", paid.order_no, *words)
    assert (asked["state"], asked["amount_fen"], asked["asked_by"]) == ("asked", FULL_FEN, "li")
    assert [line["bill_id"] for line in asked["bills"]] == [str(bill.bill_id)]
    assert asked["steps"][0]["reference_en"]
    number = asked["refund_no"]
    assert told("check", number, "--by", "zhao")["state"] == "checked"
    before = counts()
    assert "same person" in refused("approve", number, "--by", "Li")
    assert counts() == before
    assert told("approve", number, "--by", "wang")["state"] == "sent"
    assert [one["refund_no"] for one in told("list")] == [number]
    world.sandbox.finish_refund(number)
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    world.settle()
    shown = told("show", number)
    assert (shown["state"], [move["event"] for move in shown["history"]]) == (
        "succeeded",
        ["ask", "check", "approve", "send", "succeed"],
    )
    assert told("list") == told("overdue") == []
    assert [one["refund_no"] for one in told("list", "--state", "succeeded", "--region", "360100")] == [number]
    text = runner.invoke(app, ["refunds", "show", number]).stdout
    for expected in (group_no(number), "succeeded", "400.00 of 800.00 yuan", "wang"):
        assert expected in text
    assert world.finish() == []


def test_closed_number_says_what_to_do_and_is_sent_anew(world: World, paid: Order) -> None:
    words = ["--reason", "wrong_year", "--left", "800", "--by", "li"]
    number = told("ask", paid.order_no, *words)["refund_no"]
    told("check", number, "--by", "li")
    told("approve", number, "--by", "wang")
    world.sandbox.finish_refund(number, state="CLOSED")
    world.sandbox.deliver_notices()
    keep_notices(world.letters())
    world.settle()
    (waiting,) = told("list", "--state", "by_hand")
    assert (waiting["next_step"], "new number" in waiting["next_step_en"]) == ("new_number", True)
    assert waiting["next_step_zh"] == payments.STEP_WORDS[payments.NextStep.NEW_NUMBER][0]
    assert "closed this number" in " ".join(runner.invoke(app, ["refunds", "show", number]).stdout.split())
    world.advance(minutes=2)
    new = told("again", number, "--by", "wang", "--cause", "topped up")
    assert (new["state"], new["refund_no"] != number) == ("sent", True)
    world.advance(days=60)
    assert [one["refund_no"] for one in told("overdue")] == [new["refund_no"]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--reason", "whim", "--left", "800", "--by", "li"], "There is no “whim”"),
        (["--reason", "wrong_year", "--left", "799.99", "--by", "li"], "What is left to refund changed"),
        (["--reason", "wrong_year", "--left", "800", "--by", " "], "Say who does this"),
        (["--reason", "death", "--left", "800", "--by", "li", "--event-on", "yesterday"], "written like 2024-11-15"),
        (["--reason", "second_payment", "--left", "800", "--by", "li"], "paid nothing"),
        (["--reason", "wrong_year", "--left", "800", "--by", "li", "--payment", "420000"], "no such payment received"),
    ],
)
def test_refusal_is_one_sentence_and_changes_nothing(
    world: World, paid: Order, words: list[str], expected: str
) -> None:
    before = counts()
    sentence = refused("ask", paid.order_no, *words)
    assert expected in sentence
    assert "\n" not in sentence
    assert counts() == before
    assert payments.refunds_of(world.region, paid.order_no) == []


def test_number_of_no_refund_is_refused(paid: Order) -> None:
    assert "number of another kind" in refused("show", paid.order_no)
    assert "one character" in refused("show", "360100R00000000000").lower()
