"""The voucher of an order of which something went back: the former one is void, the next one says what still stands.

The payer's paper is what an insured person shows; whoever was not refunded is covered and must be able to prove it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pypdf
import pytest

from canbao.documents import public as documents
from canbao.documents.public import VerdictState, Voucher, VoucherState
from canbao.doors.citizen.order_shown import OrderFace
from canbao.journeys import issue_voucher
from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.journeys.refund_order import approve_refund, check_refund
from canbao.journeys.tell_order import tell_order
from canbao.kernel.errors import CanbaoError
from canbao.kernel.sql import Tx
from canbao.payments.public import Order, Refund
from canbao.rulebook.refund import RefundReason
from tests.journeys.test_refund_reasons import ASSISTED_FEN, DIFFERENCE_FEN, approve, ask, page, paid, recognise
from tests.journeys.test_undone_bills import named
from tests.world import (
    CHILD,
    FAMILY,
    FULL_FEN,
    GRANDMOTHER,
    PAYER,
    Resident,
    World,
    at_once,
    audit,
    count,
    tamper,
)


def issue(world: World, order: Order) -> Voucher:
    """What the payer downloads now."""
    return issue_voucher_of_order(world.region, order.order_id, clock=world.clock)


def refund(world: World, order: Order, resident: Resident) -> Refund:
    """One member's bill goes back as a whole."""
    (bill,) = world.bills(resident)
    return approve(world, ask(world, order.order_no, RefundReason.WRONG_PERSON, bill=bill))


def words(voucher: Voucher) -> str:
    """What stands on the paper, without its blanks."""
    return "".join("".join(one.extract_text().split()) for one in pypdf.PdfReader(BytesIO(voucher.pdf)).pages)


def test_others_of_a_family_have_a_voucher_after_one_was_refunded(world: World) -> None:
    order = paid(world, *FAMILY)
    payer, child, grandmother, newborn = world.bills(*FAMILY)
    first = issue(world, order)
    world.advance(minutes=5)
    refund(world, order, CHILD)
    void = documents.voucher_of(world.region, order.order_id)
    assert void is not None
    assert (void.voucher_no, void.state) == (first.voucher_no, VoucherState.VOIDED)
    world.advance(minutes=5)
    second = issue(world, order)
    assert second.voucher_no != first.voucher_no
    assert issue(world, order) == second
    assert named(first.voucher_no) == [
        (payer.bill_id, 40_000), (child.bill_id, 40_000), (grandmother.bill_id, 8_000), (newborn.bill_id, 40_000),
    ]  # fmt: skip
    assert named(second.voucher_no) == [
        (payer.bill_id, 40_000), (grandmother.bill_id, 8_000), (newborn.bill_id, 40_000),
    ]  # fmt: skip
    paper = words(second)
    assert f"原凭证{first.voucher_no}已作废，由本凭证代替" in paper
    assert "合计3人￥880.00" in paper
    assert [one.name in paper for one in FAMILY] == [True, False, True, True]
    assert "代替" not in words(first)
    new, old = documents.verify(second.voucher_no), documents.verify(first.voucher_no)
    assert (new.state, new.total_fen, len(new.lines), new.replaces_tail) == (
        VerdictState.GENUINE, 88_000, 3, first.voucher_no[-4:],
    )  # fmt: skip
    assert (old.state, old.total_fen, len(old.lines), old.replaces_tail) == (VerdictState.VOIDED, 128_000, 4, "")
    assert world.finish() == []


def test_voucher_is_made_anew_after_every_refund_until_nothing_stands(world: World) -> None:
    order = paid(world, PAYER, CHILD, GRANDMOTHER)
    papers = [issue(world, order)]
    for resident, left in ((CHILD, 48_000), (PAYER, 8_000)):
        world.advance(minutes=2)
        refund(world, order, resident)
        papers.append(issue(world, order))
        assert documents.verify(papers[-1].voucher_no).total_fen == left
        assert documents.verify(papers[-1].voucher_no).replaces_tail == papers[-2].voucher_no[-4:]
    world.advance(minutes=2)
    refund(world, order, GRANDMOTHER)
    # Nothing stands: what is handed out is the last one, as evidence, and it is void.
    last = issue(world, order)
    assert (last.voucher_no, last.pdf, last.state) == (papers[-1].voucher_no, papers[-1].pdf, VoucherState.VOIDED)
    assert {documents.verify(one.voucher_no).state for one in papers} == {VerdictState.VOIDED}
    assert count("documents_voucher") == 3
    assert world.finish() == []


def test_order_refunded_before_its_first_download_has_a_first_voucher_over_the_rest(world: World) -> None:
    order = paid(world, PAYER, CHILD)
    refund(world, order, CHILD)
    voucher = issue(world, order)
    (payer,) = world.bills(PAYER)
    assert named(voucher.voucher_no) == [(payer.bill_id, FULL_FEN)]
    assert "作废" not in words(voucher)
    assert documents.verify(voucher.voucher_no).replaces_tail == ""
    assert world.finish() == []


def test_order_refunded_whole_before_its_first_download_has_no_voucher(world: World) -> None:
    order = paid(world, PAYER)
    refund(world, order, PAYER)
    with pytest.raises(CanbaoError) as refused:
        issue(world, order)
    assert refused.value.code == "documents.refunded"
    assert (count("documents_voucher"), count("documents_voucher_line")) == (0, 0)
    assert world.finish() == []


def test_difference_that_went_back_is_on_the_next_voucher_as_assistance(world: World, tmp_path: Path) -> None:
    order = paid(world, PAYER, CHILD)
    first = issue(world, order)
    recognise(world, tmp_path, PAYER)
    payer, child = world.bills(PAYER, CHILD)
    approve(world, ask(world, order.order_no, RefundReason.IDENTITY_RECOGNISED, event_on=date(2024, 11, 1), bill=payer))
    second = issue(world, order)
    assert named(second.voucher_no) == [(payer.bill_id, ASSISTED_FEN), (child.bill_id, FULL_FEN)]
    assert documents.verify(second.voucher_no).total_fen == ASSISTED_FEN + FULL_FEN
    paper = words(second)
    assert "合计2人￥480.00" in paper
    assert f"原凭证{first.voucher_no}已作废" in paper
    assert world.finish() == []


def test_standard_is_the_assistance_and_what_was_kept_together(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid(world, PAYER)
    recognise(world, tmp_path, PAYER)
    asked = ask(world, order.order_no, RefundReason.IDENTITY_RECOGNISED, event_on=date(2024, 11, 1))
    assert asked.amount_fen == DIFFERENCE_FEN
    approve(world, asked)
    taken: list[documents.VoucherSnapshot] = []
    real = documents.issue

    def looked_at(tx: Tx, snapshot: documents.VoucherSnapshot, *, subject_id: UUID, now: object) -> Voucher:
        taken.append(snapshot)
        return real(tx, snapshot, subject_id=subject_id, now=now)  # type: ignore[arg-type]  # handed through unchanged

    monkeypatch.setattr(documents, "issue", looked_at)
    issue(world, order)
    ((line,),) = [snapshot.lines for snapshot in taken]
    assert (line.standard_fen, line.assistance_fen, line.paid_fen) == (40_000, 32_000, 8_000)
    assert line.assistance_by == "参保资助（财政）"


def approved_in_a_thread(world: World, asked: Refund) -> threading.Thread:
    """An approval that has begun, in a transaction of its own."""
    approving = threading.Thread(
        target=partial(
            approve_refund, asked.refund_no, by="wang", notify_url=world.addresses.notify_url, clock=world.clock
        )
    )
    approving.start()
    return approving


def of_child(world: World, order: Order) -> Refund:
    """The child's bill, asked for and checked, and not yet approved."""
    (child,) = world.bills(CHILD)
    asked = ask(world, order.order_no, RefundReason.WRONG_PERSON, bill=child)
    return check_refund(asked.refund_no, by="li", clock=world.clock)


def test_refund_approved_while_a_voucher_is_issued_waits_and_voids_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid(world, PAYER, CHILD)
    asked = of_child(world, order)
    real, begun = documents.issue, list[threading.Thread]()

    def issued_while_approving(*given: object, **named: object) -> Voucher:
        begun.append(approved_in_a_thread(world, asked))
        begun[0].join(timeout=0.5)
        assert begun[0].is_alive(), "the bills are held until the voucher is kept"
        return real(*given, **named)  # type: ignore[arg-type]  # handed through unchanged

    monkeypatch.setattr(documents, "issue", issued_while_approving)
    voucher = issue(world, order)
    begun[0].join(timeout=20)
    monkeypatch.setattr(documents, "issue", real)
    assert voucher.state is VoucherState.ISSUED
    assert documents.verify(voucher.voucher_no).state is VerdictState.VOIDED
    second = issue(world, order)
    (payer,) = world.bills(PAYER)
    assert named(second.voucher_no) == [(payer.bill_id, FULL_FEN)]
    assert world.finish() == []


def test_voucher_asked_for_while_a_refund_is_approved_waits_and_is_over_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid(world, PAYER, CHILD)
    asked = of_child(world, order)
    real, got = documents.void, list[Voucher]()
    issuing = threading.Thread(target=lambda: got.append(issue(world, order)))

    def voided_while_issuing(*given: object, **named: object) -> object:
        issuing.start()
        issuing.join(timeout=0.5)
        assert issuing.is_alive(), "the bills are held until the refund is approved"
        return real(*given, **named)  # type: ignore[arg-type]  # handed through unchanged

    monkeypatch.setattr(documents, "void", voided_while_issuing)
    approve_refund(asked.refund_no, by="wang", notify_url=world.addresses.notify_url, clock=world.clock)
    issuing.join(timeout=20)
    (payer,) = world.bills(PAYER)
    assert [named(one.voucher_no) for one in got] == [[(payer.bill_id, FULL_FEN)]]
    assert [one.state for one in got] == [VoucherState.ISSUED]
    assert world.finish() == []


def test_refund_approved_between_gathering_and_issuing_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid(world, PAYER, CHILD)
    asked = of_child(world, order)
    gather, looks = issue_voucher._snapshot_of_order, list[int]()

    def gathered_before_a_refund(*given: object, **named: object) -> documents.VoucherSnapshot:
        snapshot = gather(*given, **named)  # type: ignore[arg-type]  # handed through unchanged
        looks.append(len(snapshot.lines))
        if len(looks) == 1:
            approved_in_a_thread(world, asked).join(timeout=20)
        return snapshot

    monkeypatch.setattr(issue_voucher, "_snapshot_of_order", gathered_before_a_refund)
    voucher = issue(world, order)
    assert looks == [2, 1]
    (payer,) = world.bills(PAYER)
    assert named(voucher.voucher_no) == [(payer.bill_id, FULL_FEN)]
    assert count("documents_voucher") == 1
    assert world.finish() == []


def test_downloads_and_an_approval_at_once_leave_one_voucher_that_is_true(world: World) -> None:
    order = paid(world, PAYER, CHILD)
    first = issue(world, order)
    world.advance(minutes=1)
    asked = of_child(world, order)
    approving: Callable[[], object] = partial(
        approve_refund, asked.refund_no, by="wang", notify_url=world.addresses.notify_url, clock=world.clock
    )
    answers = at_once(approving, *[partial(issue, world, order)] * 4)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    (payer,) = world.bills(PAYER)
    last = issue(world, order)
    assert named(last.voucher_no) == [(payer.bill_id, FULL_FEN)]
    assert {answer.voucher_no for answer in answers if isinstance(answer, Voucher)} <= {
        first.voucher_no, last.voucher_no,
    }  # fmt: skip
    assert [one.state for one in documents.vouchers_of(world.region, order.order_id)] == ["voided", "issued"]
    assert world.finish() == []


def test_story_of_an_order_lists_its_vouchers_in_time_order(world: World) -> None:
    order = paid(world, PAYER, CHILD)
    world.advance(minutes=1)
    first = issue(world, order)
    world.advance(minutes=1)
    refund(world, order, CHILD)
    world.advance(minutes=1)
    second = issue(world, order)
    now = world.clock.now()
    told = [(one.at, one.what, one.detail) for one in tell_order(order.order_no).lines if one.source == "voucher"]
    assert told == [
        (now - timedelta(minutes=2), "issued", first.voucher_no),
        (now - timedelta(minutes=1), "voided", f"{first.voucher_no} refunded"),
        (now, "issued", second.voucher_no),
    ]


APART: dict[str, tuple[list[str], str, str]] = {
    "names a bill too few": (
        ["DELETE FROM documents_voucher_line WHERE voucher_id = {last} AND place = 2"], "80.00", "not named",
    ),
    "names a bill with another amount": (
        ["UPDATE documents_voucher_line SET paid_fen = 7999 WHERE voucher_id = {last} AND place = 2"], "80.00", "79.99",
    ),
    "former one is in force again": (
        [
            "UPDATE documents_voucher SET state = 'voided', voided_at = issued_at, void_reason = 'refunded' "
            "WHERE id = {last}",
            "UPDATE documents_voucher SET state = 'issued', voided_at = NULL, void_reason = '' WHERE id <> {last}",
        ],
        "not named", "400.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", APART)
def test_voucher_in_force_that_does_not_say_what_stands_is_found(world: World, fault: str) -> None:
    order = paid(world, PAYER, CHILD, GRANDMOTHER)
    issue(world, order)
    world.advance(minutes=1)
    refund(world, order, CHILD)
    issue(world, order)
    assert world.finish() == []
    statements, expected, told = APART[fault]
    last = "(SELECT id FROM documents_voucher ORDER BY issued_at DESC LIMIT 1)"
    assert [tamper(statement.format(last=last)) for statement in statements] == [1] * len(statements)
    findings = [one for one in audit() if one.auditor == "reconciliation.vouchers_name_what_stands"]
    assert [(one.expected, one.found) for one in findings] == [(expected, told)]


def test_voucher_without_lines_that_stands_after_a_refund_is_found(world: World) -> None:
    order = paid(world, PAYER, CHILD)
    refund(world, order, CHILD)
    voucher = issue(world, order)
    assert world.finish() == []
    assert tamper("DELETE FROM documents_voucher_line") == 1
    assert tamper("UPDATE documents_voucher SET total_fen = NULL") == 1
    assert [(one.auditor, one.subject, one.found) for one in audit()] == [
        ("reconciliation.vouchers_of_undone_are_void", voucher.voucher_no, "issued")
    ]


def test_page_offers_the_new_voucher_and_says_why_the_former_is_void(world: World) -> None:
    order = paid(world, PAYER, CHILD)
    first = issue(world, order)
    assert page(world, order).former_voucher == ""
    world.advance(minutes=2)
    refund(world, order, CHILD)
    shown = page(world, order)
    assert (shown.face, shown.has_voucher, shown.voucher_kb, shown.verify_address) == (OrderFace.SETTLED, True, 0, "")
    assert first.voucher_no in "".join(shown.former_voucher.split())
    second = issue(world, order)
    shown = page(world, order)
    assert (shown.has_voucher, shown.verify_address) == (True, f"/verify/{second.voucher_no}")
    world.advance(minutes=2)
    refund(world, order, PAYER)
    shown = page(world, order)
    assert (shown.face, shown.has_voucher, shown.verify_address) == (OrderFace.MONEY_BACK, False, "")
    assert second.voucher_no in "".join(shown.former_voucher.split())
