"""The desk: operators who ask, check, approve, reject, try again, give up, explain and forget.

An operator takes what lies there, chosen by a number: a refund that waits for somebody, money that waits in suspense
or paid a bill, or a discrepancy. She may be the wrong person, or quote what was left yesterday; the journeys have to
refuse her.
"""

from __future__ import annotations

from canbao.journeys.refund_order import approve_refund, ask_refund, check_refund, give_up_refund, reject_refund
from canbao.journeys.refund_order import send_refund_again as send_again
from canbao.journeys.resolve_discrepancy import (
    approve_resolution,
    propose_resolution,
    send_back_resolution,
    take_discrepancy,
)
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION
from canbao.payments import public as payments
from canbao.payments.public import Refund, RefundState
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Act, Discrepancy, DiscrepancyState
from canbao.rulebook.refund import RefundReason
from simulation.town import NANCHANG
from simulation.world import World

PEOPLE = ("赵", "钱", "孙")
STALE_FEN = 100
CREDITED_REASONS = (RefundReason.WRONG_PERSON, RefundReason.WRONG_YEAR)
SUSPENDED_REASONS = (RefundReason.AMOUNT_MISMATCH, RefundReason.UNKNOWN_ORDER)


def operate(world: World, which: int) -> str:
    """One operator does one thing; what it was."""
    waiting = [refund for refund in _waiting(world) if refund.state is not RefundState.APPROVED]
    if waiting and which % 3:
        return _act_on(world, waiting[which % len(waiting)], which)
    return _ask(world, which)


def resolve(world: World, which: int) -> str:
    """One operator does one thing about one discrepancy: takes it, says what became of it, approves it, sends it back.

    She may be the wrong person, say what is not true, give no reason, or approve what she proposed herself.
    """
    region = NATION if which % 6 == 0 else NANCHANG
    lying = reconciliation.discrepancies(region, limit=50)
    if not lying:
        return "nothing lies there"
    found = lying[which % len(lying)]
    after = _look_after(world, found, which)
    told = f"{found.state} -> {after.state}"
    return f"{found.case_no} {found.kind} {told} {after.act or '-'} by {after.approved_by or after.owner}"


def _look_after(world: World, found: Discrepancy, which: int) -> Discrepancy:
    somebody, clock = PEOPLE[which % len(PEOPLE)], world.clock
    match found.state:
        case DiscrepancyState.OPEN:
            return take_discrepancy(found.case_no, by=somebody, clock=clock)
        case DiscrepancyState.TAKEN if which % 7 == 0:
            return take_discrepancy(found.case_no, by=somebody, cause="she is away", clock=clock)
        case DiscrepancyState.TAKEN:
            return propose_resolution(
                found.case_no,
                by=somebody if which % 5 == 0 else found.owner,
                act=tuple(Act)[which % len(Act)] if which % 2 else found.suggestion.act,
                reason="" if which % 11 == 0 else "looked up",
                clock=clock,
            )
        case _ if which % 8 == 0:
            return send_back_resolution(found.case_no, by=somebody, cause="look again", clock=clock)
        case _:
            return approve_resolution(found.case_no, by=somebody, clock=clock)


def _waiting(world: World) -> list[Refund]:
    """Refunds that wait for a person, in the order in which they were asked."""
    rows = world.asked("refunds_waiting")
    return [payments.refund_by_no(str(refund_no)) for (refund_no,) in rows]


def _person(which: int, refund: Refund | None = None) -> str:
    """Somebody of the office: mostly a colleague of whoever asked, now and then the same."""
    if refund is None or refund.asked_by not in PEOPLE or which % 9 == 0:
        return PEOPLE[which % len(PEOPLE)]
    return PEOPLE[(PEOPLE.index(refund.asked_by) + 1 + which % 2) % len(PEOPLE)]


def _act_on(world: World, refund: Refund, which: int) -> str:
    by = _person(which, refund)
    match refund.state:
        case RefundState.ASKED if which % 7 == 0:
            after = reject_refund(refund.refund_no, by=by, cause="not now", clock=world.clock)
        case RefundState.ASKED:
            after = check_refund(refund.refund_no, by=by, clock=world.clock)
        case RefundState.CHECKED if which % 7 == 0:
            after = reject_refund(refund.refund_no, by=by, cause="not now", clock=world.clock)
        case RefundState.CHECKED:
            after = approve_refund(refund.refund_no, by=by, notify_url=world.notify_url, clock=world.clock)
        case RefundState.BY_HAND if which % 5 == 0:
            after = give_up_refund(
                refund.refund_no, by=by, cause="agreed", notify_url=world.notify_url, clock=world.clock
            )
        case _:
            after = send_again(refund.refund_no, by=by, cause="mended", notify_url=world.notify_url, clock=world.clock)
    return f"{after.refund_no} {refund.state} -> {after.state}"


def _ask(world: World, which: int) -> str:
    """Ask for money back: of a capture that waits in suspense, or of one that paid bills."""
    captures = world.asked("captures_to_refund")
    if not captures:
        return "no money to ask about"
    order_no, trade_ref, disposition, capture_id = captures[which % len(captures)]
    reasons = SUSPENDED_REASONS if disposition == "suspended" else CREDITED_REASONS
    left = payments.refund_left(NANCHANG, capture_id).left_fen
    quoted = Fen(left - STALE_FEN) if which % 11 == 0 else left
    refund = ask_refund(
        NANCHANG,
        str(order_no),
        reason=reasons[which % len(reasons)],
        quoted_left_fen=quoted,
        trade_ref=str(trade_ref),
        amount_fen=Fen(max(1, left // 2)) if disposition == "suspended" and which % 2 else None,
        by=_person(which),
        clock=world.clock,
    )
    return f"{refund.refund_no} {refund.state} {refund.amount_fen}"
