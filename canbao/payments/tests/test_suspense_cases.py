"""Money that waits in suspense lies before a person when no refund speaks for it any more, each sum under a case."""

from __future__ import annotations

from canbao.kernel.ids import uuid7
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.tests.test_refunds import Refunds
from canbao.payments.tests.test_refunds import refunds as refunds  # the fixture
from tests.owner import as_owner


def cases(refunds: Refunds) -> list[tuple[str, str, str]]:
    """Open cases: what each is, what is expected and what was found."""
    return [(one.kind, one.expected, one.found) for one in payments.open_cases(refunds.desk.region)]


def close_every_case(refunds: Refunds) -> None:
    """As somebody does who resolves them."""
    with as_owner() as session:
        session.execute("UPDATE payments_discrepancy SET state = 'closed'")


def test_suspended_money_whose_refund_is_turned_down_lies_before_a_person_once(refunds: Refunds) -> None:
    capture = refunds.capture(credited=False)
    opened = cases(refunds)
    assert [kind for kind, _, _ in opened] == ["order_not_found"]
    refunds.act("reject", refunds.ask(capture, 15_000))
    assert cases(refunds) == opened, "the case that is open tells of it"
    kept, turned_down = refunds.ask(capture, 15_000), refunds.ask(capture, 20_000)
    close_every_case(refunds)
    refunds.act("reject", turned_down)
    assert cases(refunds) == [("suspense_left", f"{turned_down.refund_no} rejected", "250.00 CNY")]
    assert payments.cases_gone(refunds.desk.region) == []
    again = refunds.ask(capture, 25_000)
    assert len(payments.cases_gone(refunds.desk.region)) == 1
    close_every_case(refunds)
    refunds.act("reject", again)
    assert cases(refunds) == [("suspense_left", f"{again.refund_no} rejected", "250.00 CNY")]
    refunds.act("reject", kept)
    assert len(cases(refunds)) == 1


def test_what_a_refund_given_up_brings_back_lies_before_a_person(refunds: Refunds) -> None:
    capture = refunds.capture()
    refunds.act("reject", refunds.ask(capture))
    assert cases(refunds) == [], "the money has paid bills and waits nowhere"
    refund = refunds.ask(capture, 30_000)
    for event in ("check", "approve", "send", "put_aside", "fail"):
        refunds.act(event, refund)
    assert cases(refunds) == [("suspense_left", f"{refund.refund_no} failed", "300.00 CNY")]
    with region_tx(refunds.desk.region) as tx:
        request, now = refunds.request(capture, 30_000, has_lines=False), refunds.desk.clock.now()
        assert payments.ask_refund(tx, request, refund_id=uuid7(now), by="li", now=now).from_suspense
    assert len(payments.cases_gone(refunds.desk.region)) == 1


def test_case_of_other_money_of_the_same_order_tells_nothing_of_what_is_left(refunds: Refunds) -> None:
    order_no = refunds.desk.open(40_000).order_no
    paid, odd = refunds.desk.judge(refunds.desk.seen(order_no), refunds.desk.seen(order_no, 40_001))
    assert [kind for kind, _, _ in cases(refunds)] == ["amount_differs"]
    refund = refunds.ask(paid.capture_id, 40_000)
    for event in ("check", "approve", "send", "put_aside", "fail"):
        refund = refunds.act(event, refund)
    # Of the odd amount its own case tells still.
    refunds.act("reject", refunds.ask(odd.capture_id, 40_001))
    told = [(kind, expected) for kind, expected, _ in cases(refunds)]
    assert sorted(told)[1:] == [("suspense_left", f"{refund.refund_no} failed")]
    assert [kind for kind, _ in sorted(told)] == ["amount_differs", "suspense_left"]
    # What is left of the one goes when a refund speaks for it, and not when one speaks for the other.
    refunds.ask(odd.capture_id, 40_001)
    assert payments.cases_gone(refunds.desk.region) == []
    with region_tx(refunds.desk.region) as tx:
        request, now = refunds.request(paid.capture_id, 40_000, has_lines=False), refunds.desk.clock.now()
        payments.ask_refund(tx, request, refund_id=uuid7(now), by="li", now=now)
    assert len(payments.cases_gone(refunds.desk.region)) == 1
