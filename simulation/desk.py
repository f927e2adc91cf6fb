"""The desk: operators who ask, check, approve, reject, try again, give up and forget.

An operator takes what lies there, chosen by a number: a refund that waits for somebody, or money that waits in suspense
or paid a bill. She may be the wrong person, or quote what was left yesterday; the journeys have to refuse her.
"""

from __future__ import annotations

from canbao.journeys.refund_order import approve_refund, ask_refund, check_refund, give_up_refund, reject_refund
from canbao.journeys.refund_order import send_refund_again as send_again
from canbao.kernel.money import Fen
from canbao.payments import public as payments
from canbao.payments.public import Refund, RefundState
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
