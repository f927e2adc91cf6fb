"""Refund what an order paid, or what came under its number and paid nothing: asked by one person, approved by another.

Asking and checking ask the rules; approving undoes in one transaction everything that followed the payment (the bill,
the cover, the voucher, the books) and only then is the channel told. What comes afterwards is the business of
`chase_refunds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import structlog

from canbao.billing import public as billing
from canbao.billing.public import BillUndoing, UndoStatus
from canbao.channels.interface import Outcome
from canbao.coverage import public as coverage
from canbao.coverage.public import Cover, CoverToEnd, EndStatus
from canbao.documents import public as documents
from canbao.documents.public import VoidReason
from canbao.journeys.chase_refunds import ask, send, send_refund
from canbao.journeys.refund_grounds import Grounds, Wanted, grounds_of
from canbao.journeys.settle_refunds import released
from canbao.kernel.clock import Clock, Instant, civil_date, start_of_day
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import uuid7
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.payments.public import NextStep, Refund, RefundLine, RefundRequest, RefundState
from canbao.rulebook.refund import BillAfter, RefundReason

log = structlog.get_logger(__name__)


def ask_refund(
    region: RegionCode,
    order_no: str,
    *,
    reason: RefundReason,
    quoted_left_fen: Fen,
    by: str,
    note: str = "",
    bill_ids: Sequence[UUID] = (),
    trade_ref: str = "",
    amount_fen: Fen | None = None,
    event_on: date | None = None,
    clock: Clock,
) -> Refund:
    """Ask for a refund of what an order's number brought in; answers the refund, asked for.

    `order_no` as the payment named it, also where it is none of ours; `quoted_left_fen` is what the asker saw as left
    of the payment. `bill_ids` choose among the order's bills, `trade_ref` among several payments, `amount_fen` a part
    of money that paid nothing. Errors: those of `refund_grounds.grounds_of` and of `payments.ask_refund`; nothing
    is changed then."""
    wanted = Wanted(
        order_no=order_no,
        reason=reason,
        asked_on=clock.today(),
        bill_ids=tuple(bill_ids),
        trade_ref=trade_ref,
        amount_fen=amount_fen,
        event_on=event_on,
    )
    now = clock.now()
    with region_tx(region) as tx:
        grounds = grounds_of(region, wanted)
        request = _request(grounds, wanted, quoted_left_fen=quoted_left_fen, note=note)
        return payments.ask_refund(tx, request, refund_id=uuid7(now), by=by, now=now)


def check_refund(refund_no: str, *, by: str, cause: str = "", clock: Clock) -> Refund:
    """Look at a refund against what the rooms know now; answers it, checked.

    Errors: `payments.refund_changed` when the rules would give back or undo something else today, those of
    `refund_grounds.grounds_of` when they would give nothing, and those of `payments.check_refund`."""
    found = payments.refund_by_no(refund_no)
    with region_tx(found.region_code) as tx:
        checked = payments.check_refund(tx, found.refund_id, by=by, cause=cause, now=clock.now())
        lines = payments.lines_of_refund(found.region_code, found.refund_id)
        _refuse_what_has_changed(found, lines)
        return checked


def approve_refund(refund_no: str, *, by: str, notify_url: str, clock: Clock) -> Refund:
    """Approve a checked refund, undo what followed the payment, and send the money back; answers it as it is then.

    Everything up to the books is one transaction; only after it is the channel told. The rules are asked once more, for
    days may lie between checking and approving. Errors: those of `payments.approve_refund`, `payments.refund_changed`
    and those of `refund_grounds.grounds_of` as for `check_refund`, `payments.refund_bill_not_paid` when a bill is not
    any more what was asked about."""
    found = payments.refund_by_no(refund_no)
    undo_and_approve(found, by=by, clock=clock)
    return _sent(found, notify_url=notify_url, clock=clock)


def undo_and_approve(found: Refund, *, by: str, clock: Clock) -> None:
    """The transaction of `approve_refund`. The worker sends the refund if nobody does at once."""
    now = clock.now()
    with region_tx(found.region_code) as tx:
        approved = payments.approve_refund(tx, found.refund_id, by=by, now=now)
        lines = payments.lines_of_refund(found.region_code, found.refund_id)
        _refuse_what_has_changed(found, lines)
        if approved.from_suspense:
            ledger.post(tx, [released(approved, now=now)], now=now)
            return
        _undo_bills(tx, approved, lines, now=now)
        _end_covers(tx, approved, lines, now=now)
        assert approved.order_id is not None, "credited money has an order of ours"
        documents.void(tx, [approved.order_id], reason=VoidReason.REFUNDED, now=now)
        ledger.post(tx, _facts(approved, lines, now=now), now=now)


def reject_refund(refund_no: str, *, by: str, cause: str, clock: Clock) -> Refund:
    """Turn a refund down. Errors: those of `payments.reject_refund`."""
    found = payments.refund_by_no(refund_no)
    with region_tx(found.region_code) as tx:
        return payments.reject_refund(tx, found.refund_id, by=by, cause=cause, now=clock.now())


def send_refund_again(refund_no: str, *, by: str, cause: str, notify_url: str, clock: Clock) -> Refund:
    """Have a refund that waits by hand tried once more; answers it, or its successor.

    The same number, except where the channel has closed it for good: then a refund with a new number takes its place.
    Errors: those of `payments.resend_refund` and `payments.replace_refund`."""
    found = payments.refund_by_no(refund_no)
    now = clock.now()
    with region_tx(found.region_code) as tx:
        if found.state is RefundState.BY_HAND and found.next_step == NextStep.NEW_NUMBER:
            found = payments.replace_refund(tx, found.refund_id, new_id=uuid7(now), by=by, cause=cause, now=now)
            is_new = True
        else:
            found = payments.resend_refund(tx, found.refund_id, by=by, cause=cause, now=now)
            is_new = False
    if is_new:
        return _sent(found, notify_url=notify_url, clock=clock)
    send(found, notify_url=notify_url, clock=clock)
    return payments.refund(found.region_code, found.refund_id)


def give_up_refund(refund_no: str, *, by: str, cause: str, notify_url: str, clock: Clock) -> Refund:
    """Give up a refund that waits by hand: its money waits in suspense for another decision.

    The channel is asked first, so that nothing is given up that has succeeded meanwhile; silence gives nothing up.
    Errors: `payments.refund_not_answered` unless the channel says an explicit no, and those of
    `payments.give_up_refund`."""
    found = payments.refund_by_no(refund_no)
    if found.state is RefundState.BY_HAND:
        outcome = ask(found, notify_url=notify_url, clock=clock)
        if outcome in {Outcome.WAITING, Outcome.UNKNOWN}:
            raise payments.REFUND_NOT_ANSWERED(refund_no=found.refund_no)
    now = clock.now()
    with region_tx(found.region_code) as tx:
        failed = payments.give_up_refund(tx, found.refund_id, by=by, cause=cause, now=now)
        ledger.post(tx, [_withdrawn(failed, now=now)], now=now)
        return failed


def _request(grounds: Grounds, wanted: Wanted, *, quoted_left_fen: Fen, note: str) -> RefundRequest:
    decision = grounds.decision
    assert decision.deadline_on is not None, "an allowed refund has a last day"
    return RefundRequest(
        capture_id=grounds.capture.capture_id,
        amount_fen=grounds.amount_fen,
        quoted_left_fen=quoted_left_fen,
        reason=str(wanted.reason),
        note=note,
        undoes=str(decision.undoes),
        bill_after=str(decision.bill_after),
        steps=grounds.steps,
        lines=grounds.lines,
        event_on=wanted.event_on,
        deadline_at=start_of_day(decision.deadline_on + timedelta(days=1)),
    )


def _wanted_again(found: Refund, lines: Sequence[RefundLine]) -> Wanted:
    """What was wanted, judged by the day on which it was asked for."""
    return Wanted(
        order_no=found.order_no,
        reason=RefundReason(found.reason),
        asked_on=civil_date(found.asked_at),
        bill_ids=tuple(line.bill_id for line in lines),
        trade_ref=found.trade_ref,
        amount_fen=None if lines else found.amount_fen,
        held_fen=found.amount_fen if found.from_suspense else Fen(0),
        event_on=found.event_on,
    )


def _refuse_what_has_changed(found: Refund, lines: Sequence[RefundLine]) -> None:
    """Raise `payments.refund_changed` unless the rules and the rooms say today what they said when it was asked for."""
    grounds = grounds_of(found.region_code, _wanted_again(found, lines))
    decision = grounds.decision
    now = (grounds.amount_fen, str(decision.undoes), str(decision.bill_after), _parts(grounds.lines))
    if now != (found.amount_fen, found.undoes, found.bill_after, _parts(lines)):
        raise payments.REFUND_CHANGED(
            refund_no=found.refund_no, amount=format_yuan(found.amount_fen), now=format_yuan(grounds.amount_fen)
        )


def _parts(lines: Sequence[RefundLine]) -> dict[UUID, tuple[Fen, Fen]]:
    return {line.bill_id: (line.amount_fen, line.assistance_fen) for line in lines}


def _undo_bills(tx: Tx, approved: Refund, lines: Sequence[RefundLine], *, now: Instant) -> None:
    """Undo every bill of the refund, or raise: then nothing of it is approved."""
    assert approved.order_id is not None, "credited money has an order of ours"
    undoings = [
        BillUndoing(
            bill_id=line.bill_id,
            refund_id=approved.refund_id,
            order_id=approved.order_id,
            amount_fen=line.amount_fen,
            after=BillAfter(approved.bill_after),
        )
        for line in lines
    ]
    if any(status is not UndoStatus.UNDONE for status in billing.undo(tx, undoings, now=now)):
        raise payments.REFUND_BILL_NOT_PAID()


def _end_covers(tx: Tx, approved: Refund, lines: Sequence[RefundLine], *, now: Instant) -> None:
    """End what the bills had bought: from its first day, or from today where cover has begun.

    A difference ends nothing.
    """
    if BillAfter(approved.bill_after) is BillAfter.REASSESSED:
        return
    covers = coverage.of_bills(approved.region_code, [line.bill_id for line in lines])
    assert len(covers) == len(lines), "the rules decide no such refund before its cover is written"
    endings = [
        CoverToEnd(
            bill_id=cover.bill_id,
            until_on=_covered_until(cover, approved, today=civil_date(now)),
            reason=f"refund {approved.refund_no}: {approved.reason}",
        )
        for cover in covers
    ]
    statuses = coverage.end(tx, endings, now=now)
    assert all(status is EndStatus.ENDED for status in statuses), "cover of a bill just undone is in force"


def _covered_until(cover: Cover, approved: Refund, *, today: date) -> date:
    """The first day without cover. Who died before cover began was never covered, whenever that is heard of."""
    if RefundReason(approved.reason) is RefundReason.DEATH:
        return cover.from_on
    return min(max(cover.from_on, today), cover.until_on)


def _facts(approved: Refund, lines: Sequence[RefundLine], *, now: Instant) -> list[ledger.Fact]:
    """What the accountant is told: each bill's contribution owed back, and its assistance not owed any more."""
    assert approved.order_id is not None, "credited money has an order of ours"
    facts: list[ledger.Fact] = []
    for line in lines:
        facts.append(
            ledger.BillRefunded(
                refund_id=approved.refund_id,
                order_id=approved.order_id,
                bill_id=line.bill_id,
                scheme_code=line.scheme_code,
                due_from=line.due_from,
                due_until=line.due_until,
                channel_code=approved.channel_code,
                amount_fen=line.amount_fen,
                happened_at=now,
            )
        )
        if line.assistance_fen:
            facts.append(
                ledger.AssistanceReturned(
                    refund_id=approved.refund_id,
                    bill_id=line.bill_id,
                    scheme_code=line.scheme_code,
                    due_from=line.due_from,
                    due_until=line.due_until,
                    amount_fen=line.assistance_fen,
                    happened_at=now,
                )
            )
    return facts


def _withdrawn(failed: Refund, *, now: Instant) -> ledger.RefundWithdrawn:
    return ledger.RefundWithdrawn(
        refund_id=failed.refund_id,
        capture_id=failed.capture_id,
        order_id=failed.order_id,
        channel_code=failed.channel_code,
        amount_fen=failed.amount_fen,
        happened_at=now,
    )


def _sent(found: Refund, *, notify_url: str, clock: Clock) -> Refund:
    """Send an approved refund and answer it as it is then. A channel that cannot be reached leaves it to the worker."""
    try:
        send_refund(found.region_code, found.refund_id, notify_url=notify_url, clock=clock)
    except CanbaoError as unsent:
        log.warning("refund_left_to_the_worker", refund_no=found.refund_no, error=unsent.code)
    return payments.refund(found.region_code, found.refund_id)
