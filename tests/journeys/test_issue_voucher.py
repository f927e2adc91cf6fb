"""The voucher: made at the first download, the same bytes for ever, never before the money and the cover are there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from canbao.documents import public as documents
from canbao.documents.public import SubjectKind, Voucher
from canbao.journeys.issue_voucher import issue_voucher_of_bill, issue_voucher_of_order
from canbao.kernel.errors import CanbaoError
from canbao.payments.public import Order
from tests.world import CROWD, ELDER, FAMILY, PAYER, World, at_once, count, rows, stranger_id


def paid(world: World) -> Order:
    """A family's order with its cover written."""
    order = world.open_an_order(*FAMILY)
    world.tell_notice(order)
    assert world.finish() == []
    return order


def refused(act: Callable[[], object], code: str) -> None:
    """The voucher is refused, and nothing was issued."""
    with pytest.raises(CanbaoError) as raised:
        act()
    assert raised.value.code == code
    assert (count("documents_voucher"), count("documents_voucher_pdf")) == (0, 0)


def test_second_download_is_the_same_bytes_months_later(world: World) -> None:
    order = paid(world)
    first = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    assert (first.subject_kind, first.subject_id, first.issued_at) == (
        SubjectKind.ORDER,
        order.order_id,
        world.clock.now(),
    )
    assert first.pdf.startswith(b"%PDF-")
    world.clock.advance(timedelta(days=60))
    second = issue_voucher_of_order(world.region, order.order_id, clock=world.clock)
    assert second == first
    assert second.pdf == first.pdf
    assert documents.check_paper(first.pdf).is_good
    assert world.finish() == []


def test_two_downloads_at_once_are_one_voucher(world: World) -> None:
    order = paid(world)
    answers = at_once(*[partial(issue_voucher_of_order, world.region, order.order_id, clock=world.clock)] * 3)
    vouchers = [answer for answer in answers if isinstance(answer, Voucher)]
    assert len(vouchers) == 3, answers
    assert len({voucher.voucher_no for voucher in vouchers}) == len({voucher.pdf for voucher in vouchers}) == 1
    assert rows("SELECT count(*) FROM documents_voucher") == [(1,)]
    assert world.finish() == []


def test_order_that_is_not_settled_has_no_voucher(world: World) -> None:
    order = world.open_an_order(PAYER)
    issue = partial(issue_voucher_of_order, world.region, order.order_id, clock=world.clock)
    refused(issue, "documents.not_paid")
    refused(partial(issue_voucher_of_order, world.region, stranger_id(1), clock=world.clock), "documents.not_paid")
    world.tell_notice(order)
    refused(issue, "documents.cover_not_written")
    assert world.finish() == []
    assert issue().subject_id == order.order_id


def test_bill_that_the_subsidy_met_has_a_voucher_over_nothing_paid(world: World) -> None:
    (bill,) = world.bills(ELDER)
    voucher = issue_voucher_of_bill(world.region, bill.bill_id, clock=world.clock)
    assert voucher.subject_kind is SubjectKind.BILL
    verdict = documents.verify(voucher.voucher_no)
    assert (verdict.state, verdict.subject_kind, verdict.total_fen) == ("genuine", SubjectKind.BILL, 0)
    assert issue_voucher_of_bill(world.region, bill.bill_id, clock=world.clock).pdf == voucher.pdf


def test_bill_that_somebody_has_to_pay_has_no_voucher_of_its_own(world: World) -> None:
    (bill,) = world.bills(CROWD[0])
    refused(partial(issue_voucher_of_bill, world.region, bill.bill_id, clock=world.clock), "documents.not_paid")


def test_anyone_can_check_the_number_and_reads_no_name(world: World) -> None:
    voucher = issue_voucher_of_order(world.region, paid(world).order_id, clock=world.clock)
    verdict = documents.verify(voucher.voucher_no)
    assert (verdict.state, verdict.total_fen, len(verdict.lines)) == ("genuine", 128_000, 4)
    for one in FAMILY:
        assert one.name not in repr(verdict)
        assert one.id_no not in repr(verdict)
